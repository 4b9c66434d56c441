import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { corpusBytes } from '../../../bench/corpus.js';
import { countEntries } from '../../../bench/measure/corpus.js';
import { parseCri } from '../node/readback.js';

test('entries are counted as a plain parser counts them, over the pieces the file is read in', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'count-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, '0.log');
  const bytes = corpusBytes(5 << 20, 7);
  writeFileSync(path, bytes);
  const lines = parseCri(bytes);
  const full = lines.filter(({ tag }) => tag === 'F').length;
  assert.ok(full < lines.length, 'there are lines in parts');
  const withText = lines.filter(({ content }) => content.includes('"level":"debug"')).length;
  assert.ok(withText > 100 && withText < full / 2);
  assert.deepEqual(countEntries(path, '"level":"debug"'), { entries: full, withText });
  assert.deepEqual(countEntries(path), { entries: full, withText: 0 });
});

test('a text in a later part of a line is none of the beginning of an entry', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'count-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, '0.log');
  const head = '2026-01-01T00:00:00Z stdout';
  writeFileSync(path, `${head} P seq=1 a\n${head} F debug\n${head} F seq=2 debug\n`);
  assert.deepEqual(countEntries(path, 'debug'), { entries: 2, withText: 1 });
});
