import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareSuffixes, readGenerationName } from '../../src/chain/name.js';

const LOG = '/var/log/pods/default_web_uid/app/0.log';

test('names of generations', () => {
  for (const [path, suffix, gzip] of [
    [LOG, '', false],
    [`${LOG}.20261122-113905`, '20261122-113905', false],
    [`${LOG}.20261122-113905.gz`, '20261122-113905', true],
    [`${LOG}.1`, '1', false],
    [`${LOG}.12.gz`, '12', true],
  ] as const) {
    assert.deepEqual(readGenerationName(path), { log: LOG, suffix, gzip }, path);
  }
});

test('what is no rotated name is a current generation', () => {
  for (const path of [`${LOG}.20261122`, `${LOG}.12345`, `${LOG}.bak`, `${LOG}.gz`, '/logs/app.log', '/1']) {
    assert.deepEqual(readGenerationName(path), { log: path, suffix: '', gzip: false }, path);
  }
});

test('from the oldest to the newest, whatever order they come in', () => {
  const kubelet = ['20251231-235959', '20260101-000000', '20260101-000001', ''];
  const logrotate = ['10', '9', '2', '1', ''];
  for (const ordered of [kubelet, logrotate]) {
    fc.assert(
      fc.property(fc.shuffledSubarray(ordered, { minLength: ordered.length }), (shuffled) => {
        assert.deepEqual([...shuffled].sort(compareSuffixes), ordered);
      }),
    );
  }
});
