import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { CollectJob, CollectResult, IdentifyJob, SpoolJob } from '../../src/protocol.js';
import { markOf } from '../../workers/mark.js';
import { readSpoolHead } from '../../workers/read/spool-format.js';
import { transferring } from '../../workers/transfer.js';
import { decode, pushOf, sliceOf, spec, TestFile } from './harness.js';
import { logBytes } from './read/sources.js';

const file = new TestFile();
const plain = logBytes(20_000);
file.set(plain);
const pool = new Piscina({
  filename: fileURLToPath(new URL('../../workers/collect.js', import.meta.url)),
  workerData: { batchBytes: 1 << 20, maxLineBytes: 262_144 },
  minThreads: 2,
  maxThreads: 2,
});
after(async () => {
  await pool.destroy();
  file.close();
});

test('jobs run in a pool, on a descriptor of this thread, and come back as finished pushes', async () => {
  const cuts = [0, 400_000, 800_000, 1_200_000, plain.length];
  const jobs = cuts.slice(1).map((to, i): CollectJob => {
    const slice = sliceOf(file.fd, cuts[i]!, to, { aligned: i === 0, final: true, format: 'auto' });
    return { spec: spec(), slices: [slice], only: null };
  });
  const results: CollectResult[] = await Promise.all(jobs.map((job) => pool.run(job, { name: 'collect' })));
  const contents = results.flatMap((result) =>
    decode(pushOf(result)).flatMap(({ entries }) => entries.map((e) => e.content)),
  );
  const want = plain.toString().trimEnd().split('\n');
  assert.deepEqual(
    contents,
    want.map((line) => line.slice(line.indexOf(' F ') + 3)),
  );
  results.forEach((result, i) => {
    const push = pushOf(result)!;
    const { slices } = result;
    assert.equal(push.byteLength, push.buffer.byteLength);
    assert.equal(slices[0]!.format, 'cri');
    if (i > 0) assert.equal(slices[0]!.first, results[i - 1]!.slices[0]!.next);
  });
});

test('the push is transferred, not copied', () => {
  const push = new Uint8Array(8);
  const pushes = [{ tenant: '', streams: null, bytes: push, encodedBytes: 8, entries: 0 }];
  const rest = { delta: null, waitMs: 0, slices: [] };
  const result = transferring({ pushes, ...rest });
  const list: unknown = Reflect.get(result, Piscina.transferableSymbol);
  assert.deepEqual(list, [push.buffer]);
  assert.equal(Reflect.get(Reflect.get(result, Piscina.valueSymbol) as object, 'pushes'), pushes);
  const none = transferring({ pushes: [], ...rest });
  assert.deepEqual(Reflect.get(none, Piscina.transferableSymbol), []);
});

test('identify and spool run there too', async () => {
  const source = { kind: 'plain', fd: file.fd } as const;
  const place = { offset: 5000, head: markOf(plain, 0, 1024), tail: markOf(plain, 4872, 5000) };
  const identify: IdentifyJob = { candidates: [{ source, places: [place] }] };
  assert.deepEqual(await pool.run(identify, { name: 'identify' }), {
    matches: [[true]],
    heads: [[null]],
  });
  const path = join(file.folder, 'spool');
  const spool: SpoolJob = { source, from: 10, path, note: 'note', limitBytes: 1e9 };
  const { end, complete, fileBytes } = await pool.run(spool, { name: 'spool' });
  assert.deepEqual([end, complete], [plain.length, true]);
  assert.deepEqual(readSpoolHead(path), { note: 'note', start: 10, end: plain.length, fileBytes });
});
