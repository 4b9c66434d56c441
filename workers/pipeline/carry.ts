import type { StageSpec } from '../../src/pipeline.js';
import type { Json } from './stage.js';

/** What a slice leaves behind for the next one of its file. */
export interface PipelineCarry {
  /** Which stages remember something: only the same ones can go on with it. */
  tag: string;
  /** The slice ended inside a line whose head was cut; what is left of it is skipped. */
  skipLine: boolean;
  /** What each stage remembers, and what kind of stage it is, by its id. */
  stages: { [id: string]: [stage: StageSpec['stage'], saved: Json] };
  /** Entries that were finished but had no room in the push. */
  waiting: Json[];
}

const VERSION = 1;
const OPEN_OBJECT = 0x7b;

/** Whether a carry is one of these, rather than one of the built-in pipeline. */
export function isPipelineCarry(bytes: Uint8Array): boolean {
  return bytes[0] === OPEN_OBJECT;
}

/**
 * A carry as bytes: JSON, because it is written once a slice and may be looked at in the journal; bytes that are no UTF-8
 * stand in it as escaped lone surrogates. Null if there is nothing to carry.
 */
export function encodePipelineCarry({ tag, skipLine, stages, waiting }: PipelineCarry): Uint8Array | null {
  if (!skipLine && waiting.length === 0 && Object.keys(stages).length === 0) return null;
  return Buffer.from(JSON.stringify({ version: VERSION, tag, skipLine, stages, waiting }));
}

/** The carry in `bytes`; one that can not be read counts as none. */
export function decodePipelineCarry(bytes: Uint8Array): PipelineCarry {
  const none: PipelineCarry = { tag: '', skipLine: false, stages: {}, waiting: [] };
  try {
    const carry = JSON.parse(Buffer.from(bytes).toString()) as Partial<PipelineCarry> & { version?: number };
    const { version, tag, skipLine, stages, waiting } = carry;
    if (version !== VERSION || tag === undefined || stages === undefined || waiting === undefined) return none;
    return { tag, skipLine: skipLine === true, stages, waiting };
  } catch {
    return none;
  }
}
