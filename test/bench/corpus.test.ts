import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { corpusBytes, layCorpus } from '../../bench/corpus.js';
import { parseCri, seqsOf, upTo } from './node/readback.js';

let base = '';
let root = '';
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'corpus-'));
  root = join(base, 'pods');
});
afterEach(() => rmSync(base, { recursive: true }));

test('a corpus is laid out as pod logs, whole lines only, and its figures are true', async () => {
  const corpus = await layCorpus({ root, pods: 3, bytes: 600_000, seed: 1, longLineEvery: 100 });
  assert.equal(corpus.files.length, 3);
  assert.match(corpus.files[0]!, /\/default_log-generator_[^/]+\/log-generator\/0\.log$/);
  const files = corpus.files.map((path) => readFileSync(path));
  assert.equal(
    corpus.bytes,
    files.reduce((sum, { length }) => sum + length, 0),
  );
  assert.ok(corpus.bytes <= 600_000 && corpus.bytes > 300_000);
  const lines = files.map(parseCri);
  assert.equal(corpus.lines, lines.flat().length);
  for (const file of lines) {
    assert.equal(file.at(-1)!.tag, 'F');
    assert.deepEqual(seqsOf(file), upTo(seqsOf(file).length));
  }
});

test('it is kept while it is the same, and laid again when it is not', async () => {
  const options = { root, pods: 2, bytes: 100_000, seed: 1 };
  const first = await layCorpus(options);
  const inode = () => statSync(first.files[0]!).ino;
  const kept = inode();
  assert.deepEqual(await layCorpus(options), first);
  assert.equal(inode(), kept);

  truncateSync(first.files[1]!, 10);
  assert.deepEqual(await layCorpus(options), first);
  assert.ok(statSync(first.files[1]!).size > 10);

  const other = await layCorpus({ ...options, seed: 2 });
  assert.notDeepEqual(other.files, first.files);
  assert.ok(!existsSync(first.files[0]!), 'nothing of the old one is left');
});

test('a folder with something else in it is not touched', async () => {
  mkdirSync(root);
  writeFileSync(join(root, 'precious'), 'x');
  await assert.rejects(layCorpus({ root, pods: 1, bytes: 1000, seed: 1 }), { code: 'BENCH_CORPUS_ROOT' });
  assert.ok(existsSync(join(root, 'precious')));
});

test('the same bytes for the same seed, in memory and on disk, with a length if asked for', async () => {
  const bytes = corpusBytes(200_000, 4);
  assert.ok(bytes.length <= 200_000 && bytes.length > 100_000);
  assert.ok(bytes.equals(corpusBytes(200_000, 4)));
  assert.ok(!bytes.equals(corpusBytes(200_000, 5)));
  const { files } = await layCorpus({ root, pods: 1, bytes: 200_000, seed: 4 });
  assert.ok(readFileSync(files[0]!).equals(bytes));
  for (const { content } of parseCri(corpusBytes(10_000, 1, 40))) assert.equal(content.length, 40);
});

test('pods may all write one shape; where it is JSON every line is, even beside the parts of a long one', async () => {
  const { files } = await layCorpus({ root, pods: 2, bytes: 3 << 20, seed: 1, style: 'json', longLineEvery: 100 });
  for (const path of files) {
    const open = new Map<string, string>();
    const seen = new Set<string>();
    for (const { stream, tag, content } of parseCri(readFileSync(path))) {
      const line = (open.get(stream) ?? '') + content;
      open.set(stream, tag === 'P' ? line : '');
      seen.add(stream + tag);
      if (tag === 'F') assert.equal(typeof (JSON.parse(line) as { level: unknown }).level, 'string');
    }
    assert.deepEqual([...seen].sort(), ['stderrF', 'stdoutF', 'stdoutP']);
  }
});
