import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderWith, POD_LOGS, sleipnir } from '../commands/kit.js';

const CLI = join(import.meta.dirname, '../../../dist/cli.js');

test('the bundle checks, formats and inspects a configuration file', { timeout: 60_000 }, (t) => {
  const file = join(folderWith(t, { 'config.alloy': POD_LOGS }), 'config.alloy');
  const checked = sleipnir(['check', file], '', {}, CLI);
  assert.equal(checked.status, 0, checked.stderr);
  const formatted = sleipnir(['fmt', file], '', {}, CLI);
  assert.equal(formatted.stdout, sleipnir(['fmt'], formatted.stdout, {}, CLI).stdout);
  const inspected = sleipnir(['inspect', file], 'hello\n', {}, CLI);
  assert.equal(inspected.status, 0, inspected.stderr);
  assert.match(inspected.stdout, /=> \{container="app", filename=.*\n {5}"hello"\n/);
});
