import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { ByteSource } from './source.js';
import { readFrames, readHead, type SpoolFrame } from './spool-format.js';

type Uncompress = (packed: Buffer) => Buffer;

/** Plain bytes of a spool file. A frame whose checksum is wrong ends it. */
class SpoolSource implements ByteSource {
  readonly start: number;
  readonly #fd: number;
  readonly #frames: readonly SpoolFrame[];
  readonly #uncompress: Uncompress;
  #current: { frame: SpoolFrame; plain: Buffer } | null = null;

  constructor(fd: number, start: number, frames: readonly SpoolFrame[], uncompress: Uncompress) {
    this.#fd = fd;
    this.start = start;
    this.#frames = frames;
    this.#uncompress = uncompress;
  }

  read(into: Buffer, at: number, length: number, position: number): number {
    let got = 0;
    while (got < length) {
      const here = position + got;
      const plain = this.#frameAt(here);
      if (plain === null) break;
      const from = here - this.#current!.frame.plainAt;
      got += plain.copy(into, at + got, from, from + length - got);
    }
    return got;
  }

  giveBack(): void {}

  close(): void {
    closeSync(this.#fd);
  }

  #frameAt(position: number): Buffer | null {
    const holds = (frame: SpoolFrame) => position >= frame.plainAt && position < frame.plainAt + frame.plainBytes;
    if (this.#current !== null && holds(this.#current.frame)) return this.#current.plain;
    const index = this.#frames.findIndex(holds);
    if (index < 0) return null;
    const frame = this.#frames[index]!;
    const packed = Buffer.allocUnsafe(frame.packedBytes);
    if (readSync(this.#fd, packed, 0, packed.length, frame.packedAt) !== packed.length) return null;
    if (crc32(packed) !== frame.checksum) return null;
    const plain = this.#uncompress(packed);
    if (plain.length !== frame.plainBytes) return null;
    this.#current = { frame, plain };
    return plain;
  }
}

/** Remembers the frames of the spool file that was used last, so that not every slice walks them. */
export class SpoolMemo {
  #last: { path: string; ino: number; size: number; start: number; frames: SpoolFrame[] } | null = null;

  async open(path: string): Promise<ByteSource> {
    // Loaded at first use: most workers never read a spool file.
    const { uncompressSync } = await import('lz4-napi');
    const fd = openSync(path, 'r');
    try {
      const { ino, size } = fstatSync(fd);
      if (this.#last === null || this.#last.path !== path || this.#last.ino !== ino || this.#last.size !== size) {
        const head = readHead(fd, path);
        this.#last = { path, ino, size, start: head.start, frames: readFrames(fd, head) };
      }
      return new SpoolSource(fd, this.#last.start, this.#last.frames, uncompressSync);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }
}
