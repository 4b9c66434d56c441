import type { Json } from './stage.js';

/** What a slice leaves behind for the next one of its file. */
export interface PipelineCarry {
  /** What each stage remembers, by its id. */
  stages: { [id: string]: Json };
  /** Entries that were finished but had no room in the push. */
  waiting: Json[];
}

const VERSION = 1;

/**
 * A carry as bytes: JSON, because it is written once a slice and may be looked at in the journal; bytes that are no UTF-8
 * stand in it as escaped lone surrogates. Null if there is nothing to carry.
 */
export function encodePipelineCarry({ stages, waiting }: PipelineCarry): Uint8Array | null {
  if (waiting.length === 0 && Object.keys(stages).length === 0) return null;
  return Buffer.from(JSON.stringify({ version: VERSION, stages, waiting }));
}

/** The carry in `bytes`; one that can not be read counts as none. */
export function decodePipelineCarry(bytes: Uint8Array | null): PipelineCarry {
  const none: PipelineCarry = { stages: {}, waiting: [] };
  if (bytes === null) return none;
  try {
    const carry = JSON.parse(Buffer.from(bytes).toString()) as Partial<PipelineCarry> & { version?: number };
    if (carry.version !== VERSION || carry.stages === undefined || carry.waiting === undefined) return none;
    return { stages: carry.stages, waiting: carry.waiting };
  } catch {
    return none;
  }
}
