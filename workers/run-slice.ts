import { errnoOf } from '../src/errors.js';
import { type Format, type Slice, type SliceResult, TAIL_BYTES } from '../src/protocol.js';
import { detectFormat } from './parse/auto.js';
import type { LineParser } from './parse/parser.js';
import type { ByteSource } from './read/source.js';
import { Window } from './read/window.js';
import type { Track } from './track.js';
import type { WorkerState } from './worker-state.js';

const NEWLINE = 0x0a;

function emptyResult(slice: Slice, pathMatched: boolean): SliceResult {
  return {
    outcome: 'read',
    first: slice.from,
    before: null,
    next: slice.from,
    full: false,
    lines: 0,
    entries: 0,
    heldLines: 0,
    releasedEntries: 0,
    dropped: [],
    malformedLines: 0,
    cutEntries: 0,
    cutBytes: 0,
    flushedEntries: 0,
    format: slice.format === 'auto' ? null : slice.format,
    head: null,
    tail: slice.before,
    carry: slice.carry,
    oldestMs: 0,
    newestMs: 0,
    pathMatched,
  };
}

/** The result of a slice that is not begun, because a limit asks to wait. */
export function restingResult(slice: Slice, track: Track): SliceResult {
  return { ...emptyResult(slice, track.pathMatched), full: true };
}

/**
 * Reads one slice and writes its entries to the pushes that the output has begun. A slice that can not be read leaves
 * nothing in them; errors that are no failure of reading are thrown.
 */
export async function runSlice(slice: Slice, track: Track, state: WorkerState): Promise<SliceResult> {
  const { output, sources } = state;
  const nothing = emptyResult(slice, track.pathMatched);
  if (!track.begin(slice)) return { ...nothing, full: true };
  let result: SliceResult = { ...nothing, outcome: 'unreadable' };
  let source: ByteSource | null = null;
  try {
    source = await sources.open(slice.source);
    result = await new SliceRun(slice, track, state, source).run(nothing);
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    result.error = { code, message: error instanceof Error ? error.message : code };
  } finally {
    source?.close();
  }
  output.endSlice(result.outcome === 'read');
  return result;
}

/** Whether the first bytes of this range are NUL, and enough of them not to have been written. */
function isHole(bytes: Buffer, from: number, to: number): boolean {
  return from >= 0 && to - from >= TAIL_BYTES && bytes.subarray(from, from + TAIL_BYTES).every((byte) => byte === 0);
}

/** One pass over a slice. */
class SliceRun {
  readonly #slice: Slice;
  readonly #track: Track;
  readonly #state: WorkerState;
  readonly #window: Window;
  #lines = 0;
  /** Inside a line whose head was cut: everything up to the next newline is skipped. */
  #skipLine = false;
  #skippedBytes = 0;
  #full = false;

  constructor(slice: Slice, track: Track, state: WorkerState, source: ByteSource) {
    this.#slice = slice;
    this.#track = track;
    this.#state = state;
    this.#window = new Window(state.memory, source);
  }

  async run(result: SliceResult): Promise<SliceResult> {
    const slice = this.#slice;
    const track = this.#track;
    const { output } = this.#state;
    const window = this.#window;
    await window.begin(slice.from, slice.to, Math.max(TAIL_BYTES, slice.before?.bytes ?? 0));
    if (slice.before !== null && !(window.reachesStart && window.follows(slice.before))) {
      return { ...result, outcome: 'changed' };
    }
    if (slice.head !== null && !(await window.beginsWith(slice.head, slice.to))) {
      return { ...result, outcome: 'changed' };
    }
    if (!window.reachesStart) return result;

    this.#skipLine = await track.takeUp(slice);
    this.#full = track.full;
    if (!slice.aligned && !this.#skipLine && slice.from > 0 && !this.#full) await this.#findFirstLine();
    if (slice.aligned && !this.#skipLine && !this.#full) await this.#passHole();
    const first = window.position;
    const before = slice.aligned ? null : window.tailMark();
    const format = await this.#takeLines();
    let flushed = 0;
    if (slice.flush && !this.#full) {
      flushed = track.flush();
      this.#full = track.full;
      this.#skipLine = false;
    }
    window.giveBack(slice.to);
    return {
      ...result,
      first,
      before,
      next: window.position,
      full: this.#full,
      lines: this.#lines,
      entries: output.entries,
      heldLines: track.heldLines,
      releasedEntries: track.releasedEntries,
      dropped: track.dropped,
      malformedLines: track.malformedLines,
      cutEntries: output.cutEntries,
      cutBytes: output.cutBytes + track.cutBytes + this.#skippedBytes,
      flushedEntries: flushed,
      format,
      head: window.headMark(),
      tail: window.tailMark(),
      carry: track.carry(this.#skipLine),
      oldestMs: output.oldestMs,
      newestMs: output.newestMs,
    };
  }

  /**
   * Moves behind a hole at the start of a file: who writes without appending goes on at the old place after a truncation,
   * and nothing was ever written before that.
   */
  async #passHole(): Promise<void> {
    const window = this.#window;
    const { to } = this.#slice;
    // In UTF-16 they are halves of characters.
    if (this.#track.lineEnds.width > 1) return;
    if (window.position === 0) {
      while (window.end < TAIL_BYTES && !window.ended) await window.fill(to);
      if (!isHole(window.bytes, 0, window.end)) return;
    } else if (!isHole(window.bytes, window.at - TAIL_BYTES, window.at)) return;
    for (;;) {
      while (window.at < window.end && window.bytes[window.at] === 0) window.at++;
      if (window.at < window.end || window.ended || window.position >= to) return;
      await window.fill(to);
    }
  }

  /** Moves to the start of the first line that begins at or after `from`, or to the end of the source. */
  async #findFirstLine(): Promise<void> {
    this.#window.at = Math.max(0, this.#window.at - this.#track.lineEnds.width);
    await this.#passNewline();
  }

  /** Moves behind the next newline; returns how many bytes stood before it, and whether there was one. */
  async #passNewline(): Promise<{ passed: number; found: boolean }> {
    const window = this.#window;
    const { width } = this.#track.lineEnds;
    let passed = 0;
    for (;;) {
      const newline = this.#track.lineEnds.find(window.bytes, window.at, window.end, window.origin);
      if (newline < window.end) {
        passed += newline - window.at;
        window.at = newline + width;
        return { passed, found: true };
      }
      // Half a newline may stand at the end.
      const at = window.ended ? window.end : Math.max(window.at, window.end - width + 1);
      passed += at - window.at;
      window.at = at;
      if (window.ended) return { passed, found: false };
      await window.fill(this.#slice.to);
    }
  }

  async #takeLines(): Promise<Format | null> {
    const { to, final, format: asked } = this.#slice;
    const { memory, cri, docker } = this.#state;
    const window = this.#window;
    let format = asked === 'auto' ? null : asked;
    if (this.#skipLine && !this.#full) await this.#skipRest();
    while (!this.#full && !this.#skipLine && window.position < to) {
      if (this.#track.lineEnds.width > 1) format ??= 'raw';
      format ??= await detectFormat(window, cri, docker, this.#slice, memory.holdBytes);
      if (format === null) break;
      const parser = this.#track.parserOf(format);
      this.#takeWholeLines(parser);
      if (this.#full || window.position >= to) break;
      if (window.end - window.at > memory.holdBytes) {
        const held = memory.holdBytes - (memory.holdBytes % this.#track.lineEnds.width);
        if (!this.#takeLine(parser, window.at + held)) break;
        this.#skipLine = true;
        await this.#skipRest();
      } else if (!window.ended) {
        await window.fill(to);
      } else {
        if (final && window.at < window.end) this.#takeLine(parser, window.end);
        break;
      }
    }
    this.#full ||= this.#track.full;
    return format;
  }

  async #skipRest(): Promise<void> {
    const { passed, found } = await this.#passNewline();
    this.#skippedBytes += passed;
    this.#skipLine = !found && !this.#slice.final;
  }

  /** Takes the line from `window.at` to `end`, and stands at `end`. */
  #takeLine(parser: LineParser, end: number): boolean {
    const window = this.#window;
    this.#track.origin = window.origin;
    this.#full = !parser.line(window.at, end);
    if (this.#full) return false;
    this.#lines++;
    window.at = end;
    return true;
  }

  /** Takes the lines that are whole in the window and begin before `to`. This is the loop that everything is about. */
  #takeWholeLines(parser: LineParser): void {
    const window = this.#window;
    const bytes = window.bytes;
    const end = window.end;
    const holdBytes = this.#state.memory.holdBytes;
    const stop = Math.min(end, this.#slice.to - window.origin);
    this.#track.origin = window.origin;
    const { lineEnds } = this.#track;
    const { width } = lineEnds;
    const { origin } = window;
    const { joiner } = this.#state;
    const loop = width === 1 ? (parser.loop ?? null) : null;
    let at = window.at;
    let lines = 0;
    while (at < stop) {
      if (loop !== null && !joiner.pending) {
        at = loop.take(at, stop, end);
        lines += loop.taken;
        if (at >= stop) break;
      }
      const newline = width === 1 ? bytes.indexOf(NEWLINE, at) : lineEnds.find(bytes, at, end, origin);
      if (newline >= end || newline - at > holdBytes) break;
      if (!parser.line(at, newline)) {
        this.#full = true;
        break;
      }
      lines++;
      at = newline + width;
    }
    window.at = at;
    this.#lines += lines;
  }
}
