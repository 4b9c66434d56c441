import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { changed, type LoadFlags, runOf, withLoadFlags, withOurFlags } from '../../../bench/load/flags.js';
import { scenarios } from '../../../bench/load/scenarios.js';

function parse(...args: string[]): LoadFlags {
  return withOurFlags(withLoadFlags(new Command().exitOverride().configureOutput({ writeErr: () => {} })))
    .parse(args, { from: 'user' })
    .opts<LoadFlags>();
}

test('without a load it is the corpus of 256 MiB; a rate alone means pods that write', () => {
  assert.deepEqual(runOf(parse()).workload.corpus, { pods: 20, bytes: 256 * 2 ** 20, lineBytes: 0, seed: 1 });
  const { workload } = runOf(parse('--rate', '1MiB', '--pods', '3', '--seconds', '5'));
  assert.equal(workload.corpus, null);
  assert.deepEqual([workload.live?.pods, workload.live?.rateBytes, workload.live?.seconds], [3, 2 ** 20, 5]);
});

test('flags change a scenario where they are given, and nothing else of it', () => {
  const [run] = scenarios.backlog!.runs;
  const other = changed(
    run!,
    parse('--size', '1GiB', '--away', '30s', '--cpu', '0.5', '--set', 'A=b', '--set', 'C=d=e'),
  );
  assert.equal(other.workload.corpus?.bytes, 2 ** 30);
  assert.equal(other.workload.corpus?.pods, run!.workload.corpus?.pods);
  assert.equal(other.workload.awaySeconds, 30);
  assert.deepEqual(other.workload.limits, { cpus: 0.5, memoryBytes: null });
  assert.deepEqual(other.env, { A: 'b', C: 'd=e' });
  assert.deepEqual(changed(run!, parse()), run);
});

test('mistakes are named', () => {
  for (const args of [
    ['--size', 'big'],
    ['--away', '5'],
    ['--set', 'lower=1'],
    ['--pods', '1.5'],
  ]) {
    assert.throws(() => parse(...args), { code: 'commander.invalidArgument' }, args.join(' '));
  }
});
