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
  assert.equal(countEntries(path), full);
});
