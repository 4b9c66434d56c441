import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { uncompress } from 'snappy';
import { errnoOf } from '../src/errors.js';
import type { EchoJob } from '../src/protocol.js';
import { type ReadEntry, readPush } from './encode/read-push.js';

const STDOUT = 1;
/** How long to wait for whoever reads a pipe that is full. */
const FULL_PIPE_MS = 10;
/** About how much is written at once. */
const WRITE_CHARS = 64 * 1024;

/** What go-logfmt does not write without quotes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what this is about.
const UNSAFE = /[\u0000-\u0020="\ufffd]/;

/** A value of logfmt as go-logfmt writes it. */
function logfmt(value: string): string {
  if (!UNSAFE.test(value)) return value;
  return JSON.stringify(value).replace(/\\[bf]|[\u2028\u2029]/g, (found) => {
    const code = found === '\\b' ? 8 : found === '\\f' ? 12 : found.charCodeAt(0);
    return `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** As Go's RFC3339Nano writes it: without the zeros at the end of the fraction. */
function timestampOf({ seconds, nanos }: ReadEntry): string {
  const fraction = nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction}Z`;
}

/** The line that `loki.echo` writes for an entry. */
function lineOf(entry: ReadEntry, component: string, now: string): string {
  const fields = [
    ['ts', now],
    ['level', 'info'],
    ['component_path', '/'],
    ['component_id', component],
    ['receiver', component],
    ['entry', entry.line.toString()],
    ['entry_timestamp', timestampOf(entry)],
    ['labels', entry.labels],
    ['structured_metadata', JSON.stringify(Object.fromEntries(entry.metadata))],
  ] as const;
  return `${fields.map(([name, value]) => `${name}=${logfmt(value)}`).join(' ')}\n`;
}

async function writeAll(text: string, fd: number): Promise<void> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error;
      await sleep(FULL_PIPE_MS);
    }
  }
}

/**
 * Writes the entries of a push as lines of logfmt, with the fields that Alloy's `loki.echo` logs.
 *
 * @param fd where to; standard output
 * @throws what the system throws
 */
export async function echo({ component, bytes }: EchoJob, fd = STDOUT): Promise<void> {
  const push = await uncompress(Buffer.from(bytes), { asBuffer: true });
  const now = new Date().toISOString();
  let text = '';
  for (const entry of readPush(push as Buffer)) {
    text += lineOf(entry, component, now);
    if (text.length < WRITE_CHARS) continue;
    await writeAll(text, fd);
    text = '';
  }
  await writeAll(text, fd);
}
