import { CUT_MARK } from '../../workers/encode/push.js';

/** The longest entry; longer ones are cut. */
export const MAX_LINE_BYTES = 2048;

/** One line as the container runtime writes it: all of an entry, or a part of it. */
export interface Part {
  readonly id: number;
  readonly entry: Entry;
  file: LogFile;
  readonly content: string;
  /** The whole physical line, newline included. */
  readonly text: string;
  /** Nanoseconds since the epoch. */
  readonly ns: bigint;
  /** Whether all of it is in the file. */
  whole: boolean;
  /** Its bytes have been nowhere on the node at some time, so it may be missing. */
  gone: boolean;
  /** The positions told, when a collector ended, that its file had it: if it goes, that is to be counted. */
  counted: boolean;
}

/** What an application logged in one go; its parts are to arrive joined. */
export interface Entry {
  readonly labels: string;
  readonly stream: Stream;
  readonly parts: Part[];
  /** Its last part is not written. */
  open: boolean;
  /**
   * Its file was copied and truncated in the middle of it, and read before anyone could see that. The parts in the
   * truncated file are on their way by the time those in the copy are found, and cannot be called back to be joined. Or
   * it was truncated without a copy while the collector was down.
   */
  torn: boolean;
}

/** One file that a container wrote, under whatever names. */
export interface LogFile {
  readonly ino: string;
  /** Of the compressed file. */
  gzipIno: string | null;
  readonly parts: Part[];
  plain: string | null;
  gzip: string | null;
  temporary: string | null;
  /** The life of the collector that has it open. */
  openedIn: number;
  /**
   * Its rename was undone. Unread, and compressed under another name while the collector was down, it has nothing that
   * would tell that it is the one whose name is gone.
   */
  undone: boolean;
  /** The positions told of it when a collector last ended. */
  journaled: boolean;
}

export type Stream = 'stdout' | 'stderr';

/** Everything the containers wrote, and what became of its bytes. */
export class Books {
  readonly parts: Part[] = [];
  readonly #startMs: number;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  /** A new part at the end of `entry`, that is not in any file yet. */
  add(entry: Entry, file: LogFile, tag: 'P' | 'F', fillerBytes: number): Part {
    const id = this.parts.length;
    const ns = BigInt(this.#startMs) * 1_000_000n + BigInt(id);
    const content = `<${id}>${'x'.repeat(fillerBytes)}`;
    const text = `${rfc3339(ns)} ${entry.stream} ${tag} ${content}\n`;
    const part: Part = { id, entry, file, content, text, ns, whole: false, gone: false, counted: false };
    entry.open = tag === 'P';
    entry.parts.push(part);
    file.parts.push(part);
    this.parts.push(part);
    return part;
  }

  /** The parts a stored content is made of, of one that was cut all of its entry's; null if it is not made of whole parts. */
  partsOf(content: string): Part[] | null {
    const found: Part[] = [];
    for (const [, id] of content.matchAll(/<(\d+)>/g)) {
      const part = this.parts[Number(id)];
      if (part === undefined) return null;
      found.push(part);
    }
    const [first] = found;
    if (first === undefined) return null;
    if (textOf(found) === content) return found;
    const { parts } = first.entry;
    return content.endsWith(CUT_MARK) && isCut(parts) && textOf(parts).startsWith(content.slice(0, -CUT_MARK.length))
      ? parts
      : null;
  }

  /** Whether this may be what is left of a line that was never written to its end, be it joined with what was open. */
  isFragment(content: string): boolean {
    const last = content.lastIndexOf('<');
    const tail = last === -1 ? content : content.slice(last);
    const isJoined = last > 0 && this.partsOf(content.slice(0, last)) !== null;
    return this.parts.some(
      ({ whole, text, content: own }) =>
        !whole &&
        (text.startsWith(content) || own.startsWith(content) || own === tail || (isJoined && own.startsWith(tail))),
    );
  }
}

function textOf(parts: readonly Part[]): string {
  return parts.map(({ content }) => content).join('');
}

function isCut(parts: readonly Part[]): boolean {
  return textOf(parts).length > MAX_LINE_BYTES;
}

/** The time of an entry made of these: that of the last part, or of the one with which it is too long. */
export function timeOf(parts: readonly Part[]): bigint {
  let bytes = 0;
  const last = parts.find(({ content }) => {
    bytes += content.length;
    return bytes > MAX_LINE_BYTES;
  });
  return (last ?? (parts.at(-1) as Part)).ns;
}

function rfc3339(ns: bigint): string {
  const seconds = Number(ns / 1_000_000_000n);
  const fraction = String(ns % 1_000_000_000n).padStart(9, '0');
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}
