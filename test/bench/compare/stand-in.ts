import { closeSync, openSync, readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import fastGlob from 'fast-glob';

// The simplest collector there is, in place of a real one: it pushes what is appended to files, as JSON.
// Arguments: globs, comma-separated; where to push; optionally, that one line in so many is thrown away.
const [globs = '', pushUrl = '', dropEvery = '0'] = process.argv.slice(2);
const LOOK_MS = 100;
const PIECE_BYTES = 1 << 20;

const offsets = new Map<string, number>();
const buffer = Buffer.alloc(PIECE_BYTES);
let lastNs = BigInt(Date.now()) * 1_000_000n;
let lines = 0;

for (;;) {
  for (const path of await fastGlob(globs.split(','))) while (await ship(path));
  await delay(LOOK_MS);
}

/** Pushes the next piece of a file; false if there is no full line in it. */
async function ship(path: string): Promise<boolean> {
  const offset = offsets.get(path) ?? 0;
  const fd = openSync(path, 'r');
  const read = readSync(fd, buffer, 0, PIECE_BYTES, offset);
  closeSync(fd);
  const end = buffer.subarray(0, read).lastIndexOf(10) + 1;
  if (end === 0) return false;
  const kept = buffer
    .toString('utf8', 0, end - 1)
    .split('\n')
    .filter(() => dropEvery === '0' || ++lines % Number(dropEvery) !== 0);
  const stream = { filename: path };
  const values = kept.map((line) => [String(++lastNs), line.slice(line.indexOf(' ') + 1)]);
  const body = JSON.stringify({ streams: [{ stream, values }] });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(pushUrl, { method: 'POST', headers, body });
  if (answer.status !== 204) throw new Error(await answer.text());
  offsets.set(path, offset + end);
  return true;
}
