/**
 * Everything the main thread and the workers say to each other. The main thread never touches log bytes: it names
 * byte ranges, and gets back finished pushes and figures. Workers keep nothing between jobs, so any job may go to any
 * worker, and may be run again with the same outcome.
 */

import type { MessagePort } from 'node:worker_threads';
import type { PipelineDelta, RouteSpec, StageSpec, TargetLabels } from './pipeline.js';

export type Format = 'cri' | 'docker' | 'raw';
export type StreamMode = 'metadata' | 'label' | 'off';

/** How many bytes at the start of a generation its fingerprint covers, once it has grown that long. */
export const HEAD_BYTES = 1024;
/** How many bytes before a position are hashed, to notice a file that was rewritten in place. */
export const TAIL_BYTES = 128;

/** `workerData`: what sizes a worker's buffers, fixed for its life. */
export interface WorkerSetup {
  batchBytes: number;
  maxLineBytes: number;
  /** The compiled workers/wasm; null or left out: the workers do without. */
  loops?: WebAssembly.Module | null;
  /** Memory of all threads for finished pushes; left out: each push has memory of its own. */
  shelf?: SharedArrayBuffer;
}

/** What every line goes through. Sent with each job; workers compile it once for each `revision`. */
export interface PipelineSpec {
  revision: number;
  /** RE2 syntax, read against `Slice.path`; each named group that matched something is a label. */
  labelRegex: string;
  /** Labels for every line, as [name, value]; a label of the path wins over one of the same name here. */
  staticLabels: [string, string][];
  /** Where stdout/stderr goes. */
  streamMode: StreamMode;
  /** The longest entry in bytes, its cut mark included. */
  maxLineBytes: number;
  /** The endpoint takes no structured metadata: none is written. */
  withoutMetadata: boolean;
  /** What an Alloy configuration asks for. Then the labels, the format and the place of the stream are its business. */
  route: RouteSpec | null;
  /** Buckets of the route's limits, the same for all workers; null if it has none. */
  shared: SharedArrayBuffer | null;
}

/** A hash over some bytes of a file: tells whether they are still the ones that were read. */
export interface Mark {
  bytes: number;
  /** 64 bits, 16 hex digits. */
  hash: string;
}

/**
 * Where the bytes of a generation are read from. Offsets are always offsets in the plain bytes, so a generation is
 * the same thing before and after gzip or spooling. `gzip` may be zlib or bzip2 as well. A descriptor is the main thread's, and open until the job is over.
 */
export type Source = { kind: 'plain' | 'gzip'; fd: number } | { kind: 'spool'; path: string };

/** The lines of one generation that begin in [from, to). The last of them may reach beyond `to`. */
export interface Slice {
  /** Path of the current generation of the container log: what the label regex reads, and the label `filename` of a route. */
  path: string;
  /** What the target of a route brings; empty without a route. */
  targetLabels: TargetLabels;
  source: Source;
  from: number;
  to: number;
  /** Whether `from` is known to be the start of a line. If not, reading starts after the first newline at or after `from - 1`. */
  aligned: boolean;
  /** Nothing will be appended any more: an unterminated rest is a line. */
  final: boolean;
  /** `auto` until the first slice of the generation has decided it. */
  format: Format | 'auto';
  /** Mark of the bytes just before `from`; checked before anything is read. */
  before: Mark | null;
  /** The same for a slice that begins at 0 and is read once more: the fingerprint, as it was. */
  head: Mark | null;
  /** What the preceding slice left open; opaque to the main thread. */
  carry: Uint8Array | null;
  /** Emit what is still open at the end of this slice as entries of their own, rather than carry it on. */
  flush: boolean;
  /** Milliseconds since the epoch: the timestamp of lines that bring none. Kept over a repeat, so the repeat is identical. */
  readTimeMs: number;
}

/** Which entries of a job a push has. */
export interface PushShare {
  /** For `X-Scope-OrgID`; empty: the endpoint's own. */
  tenant: string;
  /** Hashes of the labels of its streams, where those of the tenant are too many for one push; null: all of them. */
  streams: readonly string[] | null;
}

/** One job becomes one finished push request for each tenant that its entries name; more if `maxStreams` asks for it. */
export interface CollectJob {
  spec: PipelineSpec;
  slices: Slice[];
  /** Only this push is wanted: the others are settled. Null: all of them. */
  only: PushShare | null;
}

/** A job on its way to a worker. */
export interface PlacedJob extends CollectJob {
  /** Where its pushes may be put in the shared memory; null: nowhere. */
  room: ShelfPlace | null;
}

/** Entries that were dropped for one reason. */
export type Dropped = [reason: string, entries: number];

export interface SliceResult {
  /**
   * `read`: all fields below hold. `changed`: the bytes before `from` are not those of `before`; nothing was read.
   * `unreadable`: reading failed, `error` says how; nothing of this slice is in the push.
   */
  outcome: 'read' | 'changed' | 'unreadable';
  error?: { code: string; message: string };
  /** Where the first line began: `from` if aligned. */
  first: number;
  /** Mark of the min(TAIL_BYTES, first) bytes before `first`, if not aligned; else, or when there are none, null. */
  before: Mark | null;
  /**
   * The first byte that was not consumed; always the start of a line, or inside a line whose head was cut and whose
   * rest the carry skips. Less than `to` at an unfinished line at the end of the file, or when the push was full.
   */
  next: number;
  /** The push had no room for more; the rest, if any, must go into another job. */
  full: boolean;
  /** Physical lines consumed. */
  lines: number;
  /** Entries written to the push. Always: lines + releasedEntries = heldLines + those of `dropped` + entries. */
  entries: number;
  /** Lines that became no entry at once: parts of one, or held back by a stage; and entries that had no room. */
  heldLines: number;
  /** Entries made of what was held back, here or in a slice before. */
  releasedEntries: number;
  /** Entries that stages have dropped, by reason. */
  dropped: readonly Dropped[];
  /** Lines that are not what the format says, shipped as they are. */
  malformedLines: number;
  /** Entries cut at `maxLineBytes`. */
  cutEntries: number;
  /** Bytes of content that cuts have left out. */
  cutBytes: number;
  /** Open entries that were emitted unfinished because `flush` asked for it. */
  flushedEntries: number;
  /** Decided format; null while no line was complete enough to tell. */
  format: Format | null;
  /** Fingerprint of the first min(HEAD_BYTES, next) bytes, when this slice began within HEAD_BYTES; else, or when next is 0, null. */
  head: Mark | null;
  /** Mark of the min(TAIL_BYTES, next) bytes before `next`; null when next is 0. */
  tail: Mark | null;
  carry: Uint8Array | null;
  /** Milliseconds since the epoch of the oldest and the newest entry; 0 without entries. */
  oldestMs: number;
  newestMs: number;
  /** Whether the label regex matched the path; if not, the entries bear `filename`. */
  pathMatched: boolean;
}

/** A range of the shared memory, in bytes. */
export interface ShelfPlace {
  at: number;
  bytes: number;
}

/** Pushes begin at multiples of this in the shared memory, so that each is given back for itself. */
export const SHELF_UNIT_BYTES = 16 * 1024;

/** A finished push. */
export interface TenantPush extends PushShare {
  /** Snappy block of a logproto.PushRequest: in the shared memory, or an ArrayBuffer of its own. */
  bytes: Uint8Array;
  /** Size before compression, in bytes. */
  encodedBytes: number;
  entries: number;
}

/** How a push comes from a worker. */
export interface MadePush extends Omit<TenantPush, 'bytes'> {
  bytes: Uint8Array | ShelfPlace;
}

/** `Push`: how its pushes are handed over. */
export interface CollectResult<Push = TenantPush> {
  /** Empty when there is nothing to push. */
  pushes: Push[];
  /** What the stages of a route have counted; to be added once, though a job may be run again. */
  delta: PipelineDelta | null;
  /** A limit of the route asks that nothing more is read through it for so long, in milliseconds. */
  waitMs: number;
  /** One for each slice of the job, in its order. */
  slices: SliceResult[];
}

/** Asks, for each candidate, which of the remembered places are in it. */
export interface IdentifyJob {
  candidates: { source: Source; places: Place[] }[];
}

/** Where reading once stood: the fingerprint of the generation and the mark before the offset. */
export interface Place {
  offset: number;
  head: Mark | null;
  tail: Mark | null;
}

export interface IdentifyResult {
  /**
   * For each candidate and each of its places: is it long enough, with the same head and the same bytes before the offset?
   * Null where the system could not read it, which may be otherwise next time.
   */
  matches: (boolean[] | null)[];
  /** For each of those that match and have no fingerprint: that of the first min(HEAD_BYTES, offset) bytes; else null. */
  heads: (Mark | null)[][];
}

/** Copies the plain bytes [from, end of file) of a generation into a new spool file. */
export interface SpoolJob {
  source: Source;
  from: number;
  /** Of the bytes before `from`: where others are there now, nothing is copied. */
  tail?: Mark | null;
  /** The finished file appears under this path only once it is complete. It is not synced: that would hold up the worker. */
  path: string;
  /** Written into the file's head, given back by reading it. JSON text. */
  note: string;
  /** Stop after this many bytes on disk. */
  limitBytes: number;
}

export interface SpoolResult {
  /** End of what was copied, in plain bytes. */
  end: number;
  /** Size of the file on disk. */
  fileBytes: number;
  /** Whether the generation's end was reached. */
  complete: boolean;
  /** The bytes before `from` are not those that were read. */
  changed?: true;
}

/** Reads what spool files say about themselves; no log bytes. */
export interface SpoolHeadsJob {
  paths: string[];
}

export interface SpoolHeadsResult {
  /** For each path its note, the plain bytes [start, end) it holds and its size on disk; null if its head is damaged. */
  heads: ({ note: string; start: number; end: number; fileBytes: number } | null)[];
}

/** Counts the lines in the plain bytes [from, end of file), before they are given up. */
export interface CountJob {
  source: Source;
  from: number;
}

export interface CountResult {
  /** Newlines, and one more for an unterminated rest. */
  lines: number;
  bytes: number;
}

/** Writes the entries of a push to standard output, one line each. */
export interface EchoJob {
  /** Id of the `loki.echo`. */
  component: string;
  /** See `TenantPush.bytes`. */
  bytes: Uint8Array;
}

/** Asks the compilers of stages whether they take them. */
export interface CheckStagesJob {
  stages: StageSpec[];
}

/** What is wrong with a stage beyond the types of its arguments. */
export interface StageMistake {
  /** The argument as the configuration calls it, such as `template`. */
  argument: string;
  /** At which UTF-16 unit of the argument's text; null: the argument as a whole. */
  offset: number | null;
  message: string;
}

export interface CheckStagesResult {
  /** One for each stage, in their order; null where nothing is wrong. */
  mistakes: (StageMistake | null)[];
}

/** One pipeline of those that `inspect` takes lines through. */
export type InspectPipeline =
  | { kind: 'built-in'; spec: PipelineSpec; format: Format | 'auto' }
  | { kind: 'route'; route: RouteSpec; targetLabels: TargetLabels };

/**
 * Shows what pipelines do with lines. The job runs as long as its input: `port` first brings InspectedLog[], one for each
 * pipeline; then each piece of the input (Uint8Array) is answered with InspectedLine[], and null, its end, with the last
 * of them.
 */
export interface InspectJob {
  port: MessagePort;
  /** The log the lines are supposed to come from. */
  path: string;
  pipelines: InspectPipeline[];
  /** As in WorkerSetup. */
  maxLineBytes: number;
  readTimeMs: number;
}

/** What a pipeline does once for a log, and for each of its lines. */
export interface InspectedLog {
  /** Done once, before any line. */
  once: InspectedStep[];
  /** Done for each line. */
  each: { component: string; stage: string }[];
}

export interface InspectedLine {
  /** Counted from 1. */
  number: number;
  /** As it was read; null at the end of the input, where stages emit what they held back. */
  line: string | null;
  /** Whether the line was too long to be looked at whole. */
  cut: boolean;
  /** What became of it in each pipeline; more than one where nothing but the end of the input binds entries together. */
  passes: InspectedPass[][];
}

/** The way of one entry through stages. */
export interface InspectedPass {
  steps: InspectedStep[];
  /** What is sent; null if the entry did not get through, or not yet. */
  entry: InspectedEntry | null;
}

/** What one stage did with an entry. */
export interface InspectedStep {
  component: string;
  stage: string;
  /** `held`: kept until more lines have come. `split`: others went on in its place. */
  outcome: 'passed' | 'dropped' | 'held' | 'split';
  changes: InspectedChanges;
  /** Why it was dropped: the reason that is counted. */
  reason: string | null;
  /** What its metrics have counted. */
  counted: { name: string; labels: [string, string][]; add: number; set: number | null }[];
  /** Arguments that are not the default, of a stage that has dropped the entry. */
  because: Record<string, unknown> | null;
  /** Stages inside it (`stage.match`). */
  nested: InspectedStep[];
  /** Entries that it let go meanwhile: what was held back, or parts of this one. */
  emitted: InspectedPass[];
}

export interface InspectedChanges {
  line?: { before: string; after: string };
  /** RFC 3339 with nanoseconds; `before` is null where there was none. */
  timestamp?: { before: string | null; after: string };
  labels?: InspectedField[];
  extracted?: InspectedField[];
  metadata?: InspectedField[];
}

/** Undefined where there was, or is, no such field. */
export interface InspectedField {
  name: string;
  before?: string | number | boolean | null;
  after?: string | number | boolean | null;
}

export interface InspectedEntry {
  /** Its labels as Loki gets them: `{a="v", b="w"}`. */
  stream: string;
  timestamp: string;
  line: string;
  metadata: [name: string, value: string][];
  /** Null: the tenant of the endpoint. */
  tenant: string | null;
  /** Whether it is cut at `maxLineBytes` when it is sent. */
  cut: boolean;
}
