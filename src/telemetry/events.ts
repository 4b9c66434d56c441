import type { PipelineDelta } from '../pipeline.js';
import type { Dropped } from '../protocol.js';

/** Lines, bytes and entries of slices that were read, named as in `SliceResult`. */
export interface JobFigures {
  lines: number;
  entries: number;
  heldLines: number;
  releasedEntries: number;
  dropped: readonly Dropped[];
  bytes: number;
  malformedLines: number;
  cutEntries: number;
  cutBytes: number;
  flushedEntries: number;
}

/** A condition an operator should know of; every SleipnirError is one. */
export interface Problem {
  code: string;
  message: string;
  advice: string;
}

/** Bytes, and the lines in them as far as known, that vanished before they were read. */
export interface Loss {
  reason: string;
  namespace: string;
  pod: string;
  /** Where the path tells it. */
  container?: string;
  bytes: number;
  lines: number;
  /** Those that were gone before they could be opened. What was seen of their size is in `bytes`. */
  files: number;
}

/**
 * Everything the collector can report. Those who collect call it and know neither log nor metrics; `createTelemetry`
 * turns it into both. Reasons are short fixed words (`line_too_long`), because each becomes a series. Nothing here
 * carries bytes of a collected log.
 */
export interface CollectorEvents {
  logFound(path: string): void;
  logForgotten(path: string): void;
  fileOpened(path: string): void;
  /** A generation got shorter than what was read of it; it is read again from its start. */
  generationTruncated(path: string): void;
  /** The label regex does not match the path; its lines bear `filename`. May be repeated for the same path. */
  pathUnmatched(path: string): void;
  scanFinished(scan: { files: number; ms: number }): void;

  /** Slices whose outcome is used. A job that is run again reports once, or the books would not balance. */
  jobFinished(figures: JobFigures): void;
  /** A job is run again: `carry` (its supposition was wrong), `cut`, `encoding`, `worker`, ... */
  jobRepeated(reason: string): void;

  /** One try has come to its end: `status` is that of the answer, or a code of what kept it from coming. */
  pushAnswered(answer: { status: number | string; seconds: number; bytes: number }): void;
  /** A try has failed and another follows, after `waitMs` at the earliest. */
  pushRetried(retry: { reason: string; message: string; waitMs: number }): void;
  /** A push is not taken as it is; `kind` says what is done about it. */
  pushRefused(refusal: { kind: string; message: string }): void;
  /** Loki has taken these entries; `bytes` is the size of their push. */
  entriesStored(stored: { entries: number; bytes: number }): void;
  /** Loki has refused these entries for good. */
  entriesRefused(refusal: { reason: string; message: string; entries: number }): void;

  /**
   * A push that was made anew has so many entries less than the one before: their bytes are gone, or a limit has decided
   * otherwise. Then it may have more, too: less than 0.
   */
  entriesMissed(missed: { entries: number }): void;
  /** What becomes of these entries is not waited for; as far as they are still there, they are read again. */
  entriesRecalled(recalled: { entries: number }): void;

  /** Stages have counted: drops, cuts, custom metrics. Once for whatever was read. */
  stagesCounted(delta: PipelineDelta): void;
  bytesLost(loss: Loss): void;
  /** What a start did not find any more. It is forgotten with the next positions that are stored. */
  goneWhileDown(losses: readonly Loss[]): void;
  positionsStored(stored: { ms: number }): void;
  problemFound(problem: Problem): void;
}
