import { readSync } from 'node:fs';
import type { ByteSource } from './source.js';

/** A file behind a descriptor that somebody else opened and closes. */
export class PlainSource implements ByteSource {
  readonly start = 0;
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  read(into: Buffer, at: number, length: number, position: number): number {
    return readSync(this.#fd, into, at, length, position);
  }

  giveBack(): void {}

  close(): void {}
}
