import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf } from '../errors.js';

/** Days of an undisturbed log. With the file before it, this is all the disk that is taken. */
const FILE_BYTES = 1024 * 1024;
/**
 * How a line begins that is not kept: what is done for each push, the one that ships it included, would go round for
 * ever. Alloy has no such level.
 */
const TRACE = '{"level":"trace"';

/** Where the log is kept that `write_to` ships. */
export function ownLogPath(stateDir: string): string {
  return join(stateDir, 'log', 'own.log');
}

/**
 * Keeps log lines on disk for a lane of ours that ships them like those of any log: in the CRI format, and rotated as
 * logrotate does it. What cannot be written is dropped and counted; a log must not end what it tells of.
 */
export class OwnLogFile {
  readonly path: string;
  #fd: number | null = null;
  #bytes = 0;
  #dropped = 0;

  constructor(path: string) {
    this.path = path;
    // Before the first line: the folder is watched for it.
    this.#try(() => this.#open());
  }

  /** @param line JSON, with its newline */
  write(line: string): void {
    if (line.startsWith(TRACE)) return;
    const written = this.#try(() => {
      if (this.#dropped > 0) this.#append(droppedLine(this.#dropped));
      this.#dropped = 0;
      this.#append(line);
    });
    if (!written) this.#dropped += 1;
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  /** False if the disk does not let it. */
  #try(action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      this.close();
      return false;
    }
  }

  #append(line: string): void {
    const bytes = Buffer.from(`${new Date().toISOString()} stdout F ${line}`);
    if (this.#fd !== null && this.#bytes + bytes.length > FILE_BYTES) {
      this.close();
      renameSync(this.path, `${this.path}.1`);
    }
    const fd = this.#fd ?? this.#open();
    this.#bytes += bytes.length;
    // Half a line, when the disk is full, would make one with the next.
    if (writeSync(fd, bytes) < bytes.length) writeSync(fd, '\n');
  }

  #open(): number {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    this.#fd = openSync(this.path, 'a', 0o600);
    this.#bytes = fstatSync(this.#fd).size;
    return this.#fd;
  }
}

function droppedLine(lines: number): string {
  const time = new Date().toISOString();
  const msg = 'lines of our own log could not be kept for write_to';
  return `${JSON.stringify({ level: 'warn', time, code: 'OWN_LOG_DROPPED', lines, msg })}\n`;
}
