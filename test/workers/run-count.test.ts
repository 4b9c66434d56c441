import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Sources } from '../../workers/read/source.js';
import { runCount } from '../../workers/run-count.js';
import { TestFile } from './harness.js';
import { logBytes } from './read/sources.js';

const file = new TestFile();
after(() => file.close());
const source = { kind: 'plain', fd: file.fd } as const;

test('counts lines and bytes from an offset on, an unterminated rest included', async () => {
  const sources = new Sources();
  file.set('');
  assert.deepEqual(await runCount({ source, from: 0 }, sources), { lines: 0, bytes: 0 });
  file.set('a\nb\n\nrest');
  assert.deepEqual(await runCount({ source, from: 0 }, sources), { lines: 4, bytes: 9 });
  assert.deepEqual(await runCount({ source, from: 2 }, sources), { lines: 3, bytes: 7 });
  const log = logBytes(20_000);
  file.set(log);
  assert.deepEqual(await runCount({ source, from: 0 }, sources), { lines: 20_000, bytes: log.length });
});
