import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileFormat } from '../../../../workers/stages/go/formats.js';

test('a second that was read before does not make a timestamp of what is none', () => {
  const parse = compileFormat('RFC3339', null);
  // Go takes an hour of one digit; the second is a character shorter then.
  assert.deepEqual({ ...parse('2024-02-29T1:00:00.5Z', 0) }, { seconds: 1_709_168_400, nanos: 500_000_000 });
  assert.equal(parse('2024-02-29T1:00:00.Z', 0), null);
  assert.deepEqual({ ...parse('2024-02-29T01:00:00.5Z', 0) }, { seconds: 1_709_168_400, nanos: 500_000_000 });
  assert.equal(parse('2024-02-29T01:00:00.Z', 0), null);
});
