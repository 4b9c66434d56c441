import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigMistakes, type LoadedLanes } from '../src/config/lanes.js';
import { SleipnirError } from '../src/errors.js';
import { Reloader } from '../src/reload.js';

const LOADED: LoadedLanes = {
  lanes: [],
  warnings: ['mind'],
  files: [],
  http: null,
  logLevel: null,
  logFormat: null,
  shipsOwnLog: false,
};

function make(load: () => Promise<LoadedLanes>, use: () => Promise<void> = async () => {}) {
  const said: string[] = [];
  const outcomes: boolean[] = [];
  const log = {
    info: (_: unknown, text: string) => said.push(`info ${text}`),
    warn: (text: string) => said.push(`warn ${text}`),
    error: (_: unknown, text: string) => said.push(`error ${text}`),
  };
  const reloader = new Reloader([], {
    load,
    use,
    onOutcome: (ok) => outcomes.push(ok),
    log: log as unknown as ConstructorParameters<typeof Reloader>[1]['log'],
    watch: false,
  });
  return { reloader, said, outcomes };
}

test('a good configuration takes over, its warnings are told', async () => {
  const { reloader, said, outcomes } = make(async () => LOADED);
  assert.deepEqual(await reloader.reload('test'), { ok: true, message: 'configuration taken over' });
  assert.deepEqual([said, outcomes], [['warn mind', 'info configuration taken over'], [true]]);
});

test('a bad one is told, and never used', async () => {
  const { reloader, said, outcomes } = make(
    async () => {
      throw new ConfigMistakes('a.alloy:1:1: no', []);
    },
    async () => assert.fail('used'),
  );
  assert.deepEqual(await reloader.reload('test'), { ok: false, message: 'a.alloy:1:1: no' });
  assert.deepEqual([said, outcomes], [['error the old configuration goes on running: a.alloy:1:1: no'], [false]]);
});

test('one that fails while it takes over is told as well', async () => {
  const { reloader, said } = make(
    async () => LOADED,
    async () => {
      throw new SleipnirError('HTTP_ADDR_UNUSABLE', 'taken', 'Choose another.');
    },
  );
  assert.equal((await reloader.reload('test')).ok, false);
  assert.deepEqual(said.at(-1), 'error the configuration is taken over in part: taken');
});

test('one at a time: whoever asks meanwhile gets the outcome of the next, all the same one', async () => {
  let loads = 0;
  let go = (): void => {};
  const { reloader } = make(() => {
    loads += 1;
    return new Promise((resolve) => {
      go = () => resolve(LOADED);
    });
  });
  const first = reloader.reload('first');
  const later = [reloader.reload('second'), reloader.reload('third')];
  assert.equal(loads, 1);
  go();
  await first;
  await Promise.resolve();
  assert.equal(loads, 2);
  go();
  assert.deepEqual(
    (await Promise.all(later)).map(({ ok }) => ok),
    [true, true],
  );
  assert.equal(loads, 2);
});

test('nothing is taken over once it is stopped', async () => {
  const { reloader } = make(async () => assert.fail('loaded'));
  await reloader.stop();
  assert.deepEqual(await reloader.reload('test'), { ok: false, message: 'ending' });
});
