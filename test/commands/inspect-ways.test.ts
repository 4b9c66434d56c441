import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { waysFor } from '../../src/commands/inspect-ways.js';
import { SleipnirError } from '../../src/errors.js';
import { planOf } from '../config/alloy/helpers.js';

const SAMPLE = '/var/log/pods/default_sample_0000/app/0.log';

function planWith(target: string, more = ''): ReturnType<typeof planOf> {
  return planOf(`
loki.source.file "s" {
  targets    = [{ ${target} }]
  forward_to = [loki.process.p.receiver, loki.echo.e.receiver]
  file_match { enabled = true }
}
loki.process "p" { forward_to = [loki.echo.e.receiver] }
loki.echo "e" { }
${more}`);
}

function namesOf(target: string, path: string | null, more = ''): string[] {
  return waysFor(planWith(target, more), path, SAMPLE, 1000).ways.map(({ name }) => name);
}

describe('the ways of a log', () => {
  it('are one for each way through the graph, in the order of forward_to', () => {
    assert.deepEqual(namesOf('__path__ = "/var/log/pods/*/*/*.log"', null), [
      'loki.source.file.s -> loki.process.p -> loki.echo.e',
      'loki.source.file.s -> loki.echo.e',
    ]);
  });

  it('begin at every source that reads it', () => {
    const more = `
loki.source.file "literal" {
  targets    = [{ __path__ = "/a/b.log" }]
  forward_to = [loki.echo.e.receiver]
}`;
    const target = '__path__ = "/a/*.log"';
    assert.equal(namesOf(target, '/a/b.log', more).length, 3);
    assert.equal(namesOf(target, '/a/c.log', more).length, 2);
  });

  it('bear the labels of the target, as relabelling leaves them', () => {
    const { ways } = waysFor(planWith('__path__ = "/a/*.log", team = "x", __meta = "y"'), '/a/b.log', SAMPLE, 1000);
    const [first] = ways;
    assert.ok(first?.pipeline.kind === 'route');
    assert.deepEqual(first.pipeline.targetLabels, [['team', 'x']]);
    assert.equal(first.pipeline.route.maxLineBytes, 1000);
  });

  it('are those of a path that is read, if none is given', () => {
    const pathOf = (target: string) => waysFor(planWith(target), null, SAMPLE, 1000).path;
    assert.equal(pathOf('__path__ = "/var/log/**/*.log"'), SAMPLE);
    assert.equal(pathOf('__path__ = "/var/log/containers/*.log"'), '/var/log/containers/sample.log');
  });

  it('are none of a path that is left out, which is told', () => {
    const target = '__path__ = "/a/*.log", __path_exclude__ = "/a/b*"';
    assert.throws(
      () => namesOf(target, '/a/b.log'),
      (error) => error instanceof SleipnirError && error.code === 'PATH_UNWANTED' && error.advice.includes('/a/*.log'),
    );
  });
});
