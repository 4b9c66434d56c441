import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Duel } from '../../../bench/load/duel.js';

const MAIN = fileURLToPath(new URL('../../../bench/compare/main.js', import.meta.url));
const STAND_IN = fileURLToPath(new URL('stand-in.js', import.meta.url));

test('the bundled collector and another one run in turn over the same files; what the other loses is seen', async () => {
  const against = `${process.execPath} ${STAND_IN} {paths} {push_url} 100`;
  const flags = [
    '--size',
    '1MiB',
    '--pods',
    '3',
    '--rounds',
    '1',
    '--floor',
    '1',
    '--name',
    'stand-in',
    '--json',
    '--patience',
    '2s',
  ];
  // The stand-in never gets to the last line, so its run ends with the patience of the watch.
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, '--against', against, ...flags]);
  const outcome = JSON.parse(stdout) as Duel & { machine: { node: string } };
  assert.equal(outcome.machine.node, process.version);
  const [ours] = outcome.results.first;
  const [theirs] = outcome.results.second;
  assert.ok(ours?.complete && ours.lost === 0);
  assert.ok(theirs !== undefined && !theirs.complete);
  assert.equal(theirs.bytes, ours.bytes);
  assert.ok(Math.abs(theirs.lost - theirs.entries / 100) <= 0.002 * theirs.entries);
  const cpu = outcome.measures.find(({ name }) => name === 'CPU seconds');
  assert.equal(cpu?.ratio, theirs.cpuSeconds / ours.cpuSeconds);
});
