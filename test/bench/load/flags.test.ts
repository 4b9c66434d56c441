import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { changed, changedAll, type LoadFlags, runOf, withLoadFlags, withOurFlags } from '../../../bench/load/flags.js';
import { scenarios } from '../../../bench/load/scenarios.js';
import { UNLIMITED } from '../../../bench/measure/cgroup.js';

function parse(...args: string[]): LoadFlags {
  return withOurFlags(withLoadFlags(new Command().exitOverride().configureOutput({ writeErr: () => {} })))
    .parse(args, { from: 'user' })
    .opts<LoadFlags>();
}

test('without a load it is the corpus of 256 MiB; a rate alone means pods that write', () => {
  assert.deepEqual(runOf(parse()).workload.corpus, {
    pods: 20,
    bytes: 256 * 2 ** 20,
    lineBytes: 0,
    style: 'mixed',
    seed: 1,
  });
  const { workload } = runOf(parse('--rate', '1MiB', '--pods', '3', '--seconds', '5', '--restarts', '0.5'));
  assert.equal(workload.corpus, null);
  const { pods, rateBytes, seconds, restartsPerSecond } = workload.live!;
  assert.deepEqual([pods, rateBytes, seconds, restartsPerSecond], [3, 2 ** 20, 5, 0.5]);
  assert.equal(runOf(parse('--rate', '1MiB')).workload.live?.restartsPerSecond, 0);
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
  assert.deepEqual(other.workload.limits, { ...UNLIMITED, cpus: 0.5 });
  assert.deepEqual(other.env, { A: 'b', C: 'd=e' });
  assert.deepEqual(changed(run!, parse()), run);
});

test('a file in place of that of a scenario leaves the built-in pipeline beside it as it is', () => {
  const flags = parse('--config', 'bench/peers/alloy.alloy');
  const { config } = runOf(flags);
  assert.match(config!.text, /stage\.cri/);
  const runs = changedAll(scenarios['alloy-file']!.runs, flags);
  assert.deepEqual(
    runs.slice(0, 2).map((run) => run.config),
    [null, config],
  );
  const [json] = changedAll(scenarios['alloy-json']!.runs, flags);
  assert.deepEqual([json!.config, json!.workload.drops], [config, null]);
  assert.ok(changedAll(scenarios['corpus-256']!.runs, flags).every((run) => run.config === config));
  assert.deepEqual(changedAll(scenarios['alloy-json']!.runs, parse()), scenarios['alloy-json']!.runs);
});

test('mistakes are named', () => {
  for (const args of [
    ['--size', 'big'],
    ['--away', '5'],
    ['--set', 'lower=1'],
    ['--pods', '1.5'],
    ['--style', 'yaml'],
    ['--config', 'there-is-none.alloy'],
  ]) {
    assert.throws(() => parse(...args), { code: 'commander.invalidArgument' }, args.join(' '));
  }
});
