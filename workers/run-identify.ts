import { errnoOf } from '../src/errors.js';
import {
  HEAD_BYTES,
  type IdentifyJob,
  type IdentifyResult,
  type Mark,
  type Place,
  TAIL_BYTES,
} from '../src/protocol.js';
import { markOf } from './mark.js';
import type { ByteSource, Sources } from './read/source.js';

type Candidate = IdentifyJob['candidates'][number];
interface Answer {
  matches: boolean[] | null;
  heads: (Mark | null)[];
}

/** Looks which of the remembered places are in which candidate. One that is damaged has none. */
export async function runIdentify(job: IdentifyJob, sources: Sources): Promise<IdentifyResult> {
  const result: IdentifyResult = { matches: [], heads: [] };
  for (const candidate of job.candidates) {
    const answer = await identifyOrNone(candidate, sources);
    result.matches.push(answer.matches);
    result.heads.push(answer.heads);
  }
  return result;
}

async function identifyOrNone(candidate: Candidate, sources: Sources): Promise<Answer> {
  let source: ByteSource | null = null;
  try {
    source = await sources.open(candidate.source);
    return await identify(candidate.places, source);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    const { places } = candidate;
    // What is damaged stays so.
    const isOfSystem = error instanceof Error && 'syscall' in error;
    return { matches: isOfSystem ? null : places.map(() => false), heads: places.map(() => null) };
  } finally {
    source?.close();
  }
}

async function identify(places: readonly Place[], source: ByteSource): Promise<Answer> {
  const matches = places.map(() => false);
  const bytes = Buffer.alloc(HEAD_BYTES);
  const headBytes = await source.read(bytes, 0, HEAD_BYTES, 0);
  const head = Buffer.from(bytes.subarray(0, headBytes));
  source.giveBack(head, 0, headBytes, 0);
  // In ascending order, because a compressed source is read forward.
  const order = [...places.keys()].sort((a, b) => places[a]!.offset - places[b]!.offset);
  for (const index of order) {
    const { offset, head: headMark, tail } = places[index]!;
    if (headMark !== null && !startsWith(head, headMark)) continue;
    // Of what lies before its start, a spool file has the first bytes alone.
    const wanted = Math.max(TAIL_BYTES, Math.min(tail?.bytes ?? 0, HEAD_BYTES));
    const lead = Math.max(0, Math.min(offset - source.start, wanted));
    const got = await source.read(bytes, 0, lead, offset - lead);
    source.giveBack(bytes, 0, got, offset - lead);
    if (got < lead) continue;
    if (tail === null || tail.bytes > lead) matches[index] = tail === null || source.start > 0;
    else matches[index] = markOf(bytes, lead - tail.bytes, lead).hash === tail.hash;
  }
  const heads = places.map(({ offset, head: known }, index) => {
    const covered = Math.min(headBytes, offset);
    return matches[index] && known === null && covered > 0 ? markOf(head, 0, covered) : null;
  });
  return { matches, heads };
}

function startsWith(head: Buffer, mark: Mark): boolean {
  return mark.bytes <= head.length && markOf(head, 0, mark.bytes).hash === mark.hash;
}
