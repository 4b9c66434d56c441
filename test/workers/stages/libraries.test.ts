import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { uncompressSync } from 'snappy';
import { STAGE_DEFAULTS, type StageSpec } from '../../../src/pipeline.js';
import { runJob } from '../../../workers/run-job.js';
import { checkStages } from '../../../workers/stages/check.js';
import { sliceOf, smallWorker, spec, TestFile } from '../harness.js';

const file = new TestFile();
after(() => file.close());

function specOf(stage: StageSpec['stage'], args: object): StageSpec {
  return { stage, ...STAGE_DEFAULTS[stage], ...args } as StageSpec;
}

const JSON_STAGE = specOf('json', { expressions: [['found', 'a[0].b']] });

// In this order: the second finds what the first has loaded.
test('a job loads what its route needs, nested stages included', async () => {
  const labels = specOf('labels', { values: [['found', 'found']] });
  const stages = [specOf('match', { selector: '{filename=~".+"}', stages: [JSON_STAGE, labels] })];
  const route = {
    revision: 1,
    processes: [{ component: 'loki.process.test', stages, counts: true }],
    externalLabels: [],
    maxLineBytes: 64,
  };
  file.set('{"a":[{"b":"here"}]}\n');
  const pipeline = { ...spec(), revision: 99, route };
  const { pushes } = await runJob({ spec: pipeline, slices: [sliceOf(file.fd, 0, 21)], only: null }, smallWorker());
  assert.match(uncompressSync(Buffer.from(pushes[0]!.bytes)).toString(), /found="here"/);
});

test('so does a check', async () => {
  const geoip = specOf('geoip', { db: '/nowhere.mmdb', source: 'a', dbType: 'city' });
  const { mistakes } = await checkStages({ stages: [JSON_STAGE, geoip] });
  assert.deepEqual(
    mistakes.map((mistake) => mistake?.message.replace(/: .*/, '') ?? null),
    [null, 'can not read the database /nowhere.mmdb'],
  );
});
