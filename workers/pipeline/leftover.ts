import { decodeCarry } from '../parse/carry.js';
import { heldByCri } from '../stages/cri.js';
import { heldByMultiline } from '../stages/multiline.js';
import { decodePipelineCarry, encodePipelineCarry, isPipelineCarry, type PipelineCarry } from './carry.js';
import { Entry } from './entry.js';
import { entryFromJson, entryToJson } from './entry-json.js';
import { type LabelSet, LabelSets } from './labels.js';
import type { EntrySink } from './pipeline.js';
import type { Json } from './stage.js';

/**
 * The carry in `bytes`, whoever has left it. Unless that were stages with the same `tag`, what they held back is waiting
 * as entries of their own: a pipeline that has changed loses nothing. `labels` are for what has none.
 */
export function readCarry(bytes: Uint8Array | null, tag: string, labels: LabelSet | null): PipelineCarry {
  if (bytes === null) return { tag, skipLine: false, stages: {}, waiting: [] };
  if (!isPipelineCarry(bytes)) return readBuiltIn(bytes, tag, labels);
  const carry = decodePipelineCarry(bytes);
  if (carry.tag === tag) return carry;
  const held = Object.values(carry.stages).flatMap(([stage, saved]) => heldBy(stage, saved));
  return { tag, skipLine: carry.skipLine, stages: {}, waiting: [...carry.waiting, ...held] };
}

function heldBy(stage: string, saved: Json): Json[] {
  if (stage === 'cri') return heldByCri(saved);
  return stage === 'multiline' ? heldByMultiline(saved) : [];
}

function readBuiltIn(bytes: Uint8Array, tag: string, labels: LabelSet | null): PipelineCarry {
  const { skipLine, open } = decodeCarry(bytes);
  const entry = new Entry(labels ?? new LabelSets().of(new Map()));
  const waiting: Json[] = [];
  for (const { seconds, nanos, content } of open) {
    if (content === null) continue;
    entry.seconds = seconds;
    entry.nanos = nanos;
    entry.setBytes(Buffer.from(content), 0, content.length);
    waiting.push(entryToJson(entry));
  }
  return { tag, skipLine, stages: {}, waiting };
}

/**
 * Puts what `carry` holds back as entries of their own, before anything is read by a pipeline that can not go on with it.
 * `put`: how many; `rest` is the carry of what had no room, null if all had.
 */
export function putLeftovers(
  carry: Uint8Array,
  labels: LabelSet | null,
  sink: EntrySink,
): { skipLine: boolean; put: number; rest: Uint8Array | null } {
  const { skipLine, waiting } = readCarry(carry, '', labels);
  const sets = new LabelSets();
  let put = 0;
  while (put < waiting.length && sink.put(entryFromJson(waiting[put]!, sets))) put++;
  if (put === waiting.length) return { skipLine, put, rest: null };
  return { skipLine, put, rest: encodePipelineCarry({ tag: '', skipLine, stages: {}, waiting: waiting.slice(put) }) };
}
