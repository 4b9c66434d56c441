import { closeSync, openSync, readFileSync } from 'node:fs';
import { errnoOf } from '../errors.js';
import { sightDescriptor } from './identity.js';

/** Something that can hold an open file and go on without it for a while. */
export interface Holder {
  fd: number | null;
  /** Jobs that read through it just now. */
  readonly readers: number;
  /** Whether its descriptor may be taken away now: nobody is reading through it, and its file still has a name. */
  mayClose(): boolean;
  /** It is open now, and the file has this size in bytes. */
  opened?(size: number): void;
}

/** What came of opening a file: it is gone, or another one; or no descriptor is to be had now. */
export type Opening = 'open' | 'gone' | 'short';

/** Descriptors left for sockets, workers, the journal and libraries. */
const RESERVED = 96;

/**
 * The open log files, no more than the process may have. The holder used longest ago is closed when room is needed; it
 * is opened again by path when it is its turn.
 */
export class Descriptors {
  readonly max: number;
  /** In order of use, the longest unused first. */
  readonly #open = new Set<Holder>();
  /** Given up while jobs read through them: meanwhile their numbers must not become those of other files. */
  #leaving: { holder: Holder; fd: number }[] = [];
  /** Called once, when holders begin to be closed for want of descriptors. */
  readonly #onPressure: (maxOpen: number) => void;
  #pressed = false;

  constructor(max: number, onPressure: (maxOpen: number) => void) {
    this.max = max;
    this.#onPressure = onPressure;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Marks a holder as used just now. */
  touch(holder: Holder): void {
    if (!this.#open.delete(holder)) return;
    this.#open.add(holder);
  }

  /**
   * Opens `path` for `holder` if it is the file with this identity.
   * @throws any other failure to open, as the system reports it (EACCES, EIO, ...)
   */
  open(holder: Holder, path: string, dev: string, ino: string): Opening {
    if (holder.fd !== null) return 'open';
    this.#sweep();
    if (this.#open.size + this.#leaving.length >= this.max && !this.#makeRoom()) return 'short';
    const fd = this.#openPath(path);
    if (typeof fd === 'string') return fd;
    const seen = sightDescriptor(fd);
    if (seen.dev !== dev || seen.ino !== ino) {
      closeSync(fd);
      return 'gone';
    }
    holder.fd = fd;
    this.#open.add(holder);
    holder.opened?.(seen.size);
    return 'open';
  }

  /** Its file is closed as soon as nobody reads through it. */
  close(holder: Holder): void {
    this.#sweep();
    const { fd } = holder;
    if (fd === null) return;
    holder.fd = null;
    this.#open.delete(holder);
    if (holder.readers === 0) closeSync(fd);
    else this.#leaving.push({ holder, fd });
  }

  #sweep(): void {
    if (this.#leaving.length === 0) return;
    const isRead = ({ holder }: { holder: Holder }) => holder.readers > 0;
    for (const left of this.#leaving) if (!isRead(left)) closeSync(left.fd);
    this.#leaving = this.#leaving.filter(isRead);
  }

  /** What one has open is another's from now on. Nobody may be reading through it. */
  pass(from: Holder, to: Holder): void {
    to.fd = from.fd;
    from.fd = null;
    this.#open.delete(from);
    this.#open.add(to);
  }

  /** Nobody reads any more. */
  closeAll(): void {
    for (const holder of [...this.#open]) this.close(holder);
    for (const { fd } of this.#leaving.splice(0)) closeSync(fd);
  }

  #openPath(path: string): number | 'gone' | 'short' {
    for (;;) {
      try {
        return openSync(path, 'r');
      } catch (error) {
        const errno = errnoOf(error);
        if (errno === 'ENOENT' || errno === 'ENOTDIR') return 'gone';
        if (errno !== 'EMFILE' && errno !== 'ENFILE') throw error;
        if (!this.#makeRoom()) return 'short';
      }
    }
  }

  #makeRoom(): boolean {
    if (!this.#pressed) {
      this.#pressed = true;
      this.#onPressure(this.#open.size);
    }
    for (const holder of this.#open) {
      if (!holder.mayClose()) continue;
      this.close(holder);
      return true;
    }
    return false;
  }
}

/**
 * How many log files may be open at once: the soft limit of this process (Node raises it to the hard limit at start)
 * less what everything else needs. From /proc/self/limits, see proc(5); without it 1024 is assumed.
 */
export function maxOpenFiles(): number {
  let limit = 1024;
  try {
    const match = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
    if (match !== null) limit = match[1] === 'unlimited' ? 1_000_000 : Number(match[1]);
  } catch {
    // Not Linux: the assumed limit stands.
  }
  return Math.max(16, limit - RESERVED);
}
