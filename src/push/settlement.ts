import { STUCK_STRIKES } from './key-order.js';
import type { Final, Instead, Parcel } from './parcel.js';
import type { Verdict } from './verdict.js';

export type Again = Extract<Verdict, { kind: 'again' }>;

/** A parcel that is refused while others get through is cut this late when nothing says that its lines are to blame. */
const POISON_STRIKES = 5;
/**
 * A push larger than the burst of a rate limit is never taken whole, and Loki does not tell the burst. So after this
 * many refusals in a row for a rate, a push is cut, down to `MIN_CUT_BYTES` before compression.
 */
const RATE_REFUSALS = 6;
const MIN_CUT_BYTES = 64 * 1024;
const RATE_REASONS = new Set(['rate_limited', 'per_stream_rate_limit']);

/** A parcel, its keys, and how it fared: refusals in a row, and those of them while others got through. */
interface Judged {
  parcel: Parcel;
  keys: readonly string[];
  refusals: number;
  strikes: number;
}

/**
 * Whether a parcel that was refused for now should be cut rather than repeated: to part a limited key from the others,
 * or to get below a limit.
 */
export function mustBeCut({ parcel, keys, refusals, strikes }: Judged, { scope, reason }: Again): boolean {
  if (keys.length > 1 && strikes >= (scope === 'job' ? STUCK_STRIKES : POISON_STRIKES)) return true;
  return RATE_REASONS.has(reason) && refusals >= RATE_REFUSALS && divisible(parcel);
}

/** What a verdict comes to for a parcel. */
export function outcomeOf(verdict: Exclude<Verdict, Again>, parcel: Parcel): Final | Instead {
  switch (verdict.kind) {
    case 'stored':
      return { kind: 'stored' };
    case 'storedInPart':
      return { kind: 'storedInPart', refused: verdict.refused };
    case 'smaller':
      return { kind: 'cut', reason: verdict.reason, keys: [] };
    case 'withoutStream':
      return { kind: 'withoutStream', labels: verdict.labels };
    case 'withoutMetadata':
      return { kind: 'withoutMetadata' };
    case 'refused':
      // What is refused for a reason not known may be a single line: the smaller the part, the less is lost with it.
      if (divisible(parcel)) return { kind: 'cut', reason: verdict.reason, keys: [] };
      return { kind: 'refused', reason: verdict.reason, detail: verdict.detail };
  }
}

function divisible({ entries, encodedBytes }: Parcel): boolean {
  return entries > 1 && encodedBytes > MIN_CUT_BYTES;
}
