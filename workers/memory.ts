import { HEAD_BYTES, type WorkerSetup } from '../src/protocol.js';
import { FIELDS_BYTES, SLACK_BYTES, STATE_BYTES, TABLE_BYTES } from './wasm/layout.js';

/** Sizes that are no setting. */
export interface MemoryLimits {
  /** How much of a file one read call brings at most. */
  readChunkBytes: number;
  /**
   * How much longer than `maxLineBytes` a physical line may be and still be parsed whole: room for the head of a CRI
   * line, and for the escapes and other keys of a Docker line.
   */
  headRoomBytes: number;
  /** Room in the output beyond the log bytes of a job: labels, and what entries take more than the lines they came from. */
  spareOutputBytes: number;
}

/** `MemoryLimits.headRoomBytes`: Docker splits lines at 16 KiB of content, which is at most 96 KiB escaped. */
export const HEAD_ROOM_BYTES = 128 * 1024;

const DEFAULT_LIMITS: MemoryLimits = {
  // From 64 KiB to 1 MiB no difference is to be measured (bench/workers/run-job.bench.ts); so the least memory.
  readChunkBytes: 64 * 1024,
  headRoomBytes: HEAD_ROOM_BYTES,
  spareOutputBytes: 64 * 1024,
};

const PAGE_BYTES = 64 * 1024;

/** The most that a Snappy block of `bytes` takes (google/snappy, `MaxCompressedLength`). */
function mostCompressed(bytes: number): number {
  return 32 + bytes + Math.ceil(bytes / 6);
}

/** A cache line. What is not aligned like a word is copied to shared memory byte by byte, at an eighth of the speed. */
const ALIGNMENT_BYTES = 64;

function alignedUp(at: number): number {
  return Math.ceil(at / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

/**
 * All bytes a worker ever parses or encodes, in one ArrayBuffer, so that `copyWithin` can move a line from the input to
 * the push without making an object. Pages that no job touches cost no memory.
 *
 * Regions, in order: input window, Docker scratch, one join buffer for each of stdout and stderr, one output region for
 * each stream kind (the second and third are used only when stdout/stderr is a label), one for the streams that the
 * stages of a route make, the compressed push, the hash table of the compressor, the state of the push, and the fields
 * that are looked for in JSON lines (wasm/layout.ts).
 */
export class Memory {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly maxLineBytes: number;
  /** The longest physical line that is looked at whole; of a longer one only this many bytes are looked at. */
  readonly holdBytes: number;
  readonly readChunkBytes: number;
  readonly inputBytes: number;
  readonly scratchAt: number;
  /** Start of the join buffer by stream kind; the first is unused. */
  readonly joinAt: readonly [number, number, number];
  /** Start of the output region by stream kind. */
  readonly outputAt: readonly [number, number, number];
  readonly outputBytes: number;
  readonly streamsAt: number;
  /** More than a push has, because a stream takes its room in pieces that are not used to their end. */
  readonly streamsBytes: number;
  readonly compressedAt: number;
  readonly tableAt: number;
  readonly stateAt: number;
  readonly fieldsAt: number;
  /** The linear memory that `bytes` is; null if it was not wanted. */
  readonly linear: WebAssembly.Memory | null;

  /** `linear`: WebAssembly is to work in it. Throws RangeError if there is no room for that. */
  constructor(setup: WorkerSetup, limits: MemoryLimits = DEFAULT_LIMITS, linear = false) {
    this.readChunkBytes = limits.readChunkBytes;
    this.maxLineBytes = setup.maxLineBytes;
    this.holdBytes = setup.maxLineBytes + limits.headRoomBytes;
    // What is kept before a line, the longest line, and one byte for the newline that ends every search.
    this.inputBytes = HEAD_BYTES + this.holdBytes + limits.readChunkBytes + 1;
    this.outputBytes = Math.ceil(setup.batchBytes * 1.5) + setup.maxLineBytes + limits.spareOutputBytes;
    this.scratchAt = this.inputBytes;
    const stdoutJoin = this.scratchAt + this.holdBytes;
    const stderrJoin = stdoutJoin + setup.maxLineBytes;
    this.joinAt = [0, stdoutJoin, stderrJoin];
    const output = stderrJoin + setup.maxLineBytes;
    const outputStep = this.outputBytes + SLACK_BYTES;
    this.outputAt = [output, output + outputStep, output + 2 * outputStep];
    this.streamsAt = output + 3 * outputStep;
    this.streamsBytes = 3 * this.outputBytes;
    this.compressedAt = alignedUp(this.streamsAt + this.streamsBytes + SLACK_BYTES);
    this.tableAt = alignedUp(this.compressedAt + mostCompressed(this.outputBytes) + SLACK_BYTES);
    this.stateAt = this.tableAt + TABLE_BYTES;
    this.fieldsAt = this.stateAt + STATE_BYTES;
    const size = this.fieldsAt + FIELDS_BYTES + SLACK_BYTES;
    const pages = Math.ceil(size / PAGE_BYTES);
    this.linear = linear ? new WebAssembly.Memory({ initial: pages, maximum: pages }) : null;
    const buffer = this.linear?.buffer ?? new ArrayBuffer(size);
    this.bytes = Buffer.from(buffer);
    this.view = new DataView(buffer);
  }
}
