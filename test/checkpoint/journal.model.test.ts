import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Journal, openJournal } from '../../src/checkpoint/journal.js';
import { type Call, errno, MemoryFiles } from './memory-files.js';
import { sample, samplePath, versionOf } from './sample.js';

const LOGS = 4;
/** So small that most syncs start a new file. */
const COMPACT_BYTES = 900;

/** What one container log may be found as after a crash: the first is certainly on disk, null is no record. */
type History = (number | null)[];

class World {
  readonly files = new MemoryFiles();
  readonly histories: History[] = Array.from({ length: LOGS }, () => [null]);
  journal!: Journal;
  #version = 0;

  async open(): Promise<void> {
    this.journal = await openJournal('/state', { files: this.files, compactBytes: COMPACT_BYTES, onProblem: () => {} });
  }

  put(log: number): void {
    this.histories[log]?.push(++this.#version);
    this.journal.put(sample(log, this.#version));
  }

  forget(log: number): void {
    this.histories[log]?.push(null);
    this.journal.forget(samplePath(log));
  }

  async sync(): Promise<void> {
    // Without a change nothing is written, and what was found after a kill may still be on its way to the disk.
    const changed = this.journal.unsynced > 0;
    await this.journal.sync();
    if (changed && this.journal.unsynced === 0)
      for (const history of this.histories) history.splice(0, history.length - 1);
  }

  /** A put that comes while a sync is running belongs to the next one. */
  async syncAndPut(log: number): Promise<void> {
    const running = this.sync();
    // Long enough for it to have begun.
    for (let turn = 0; turn < 4; turn++) await Promise.resolve();
    this.put(log);
    await running;
  }

  /** Opens again, and checks that each log is found as something that was put, and not older than what is on disk. */
  async reopen(powerCut: boolean): Promise<void> {
    await this.open();
    for (const [log, history] of this.histories.entries()) {
      const found = versionOf(this.journal.records.get(samplePath(log)));
      const index = history.lastIndexOf(found);
      assert.notEqual(index, -1, `log ${log} is at ${found}, not one of ${history}`);
      history.splice(index + 1);
      // Killed alone, the system may still lose what was found.
      if (powerCut) history.splice(0, history.length - 1);
    }
  }
}

type Step = (world: World) => Promise<void> | void;

const log = fc.nat({ max: LOGS - 1 });
const calls: Call[] = ['access', 'open', 'readdir', 'rename', 'unlink', 'append', 'datasync', 'sync', 'stat', 'close'];
const step: fc.Arbitrary<[string, Step]> = fc.oneof(
  { weight: 8, arbitrary: log.map((log): [string, Step] => [`put ${log}`, (world) => world.put(log)]) },
  { weight: 2, arbitrary: log.map((log): [string, Step] => [`forget ${log}`, (world) => world.forget(log)]) },
  { weight: 3, arbitrary: log.map((log): [string, Step] => [`sync and put ${log}`, (world) => world.syncAndPut(log)]) },
  { weight: 6, arbitrary: fc.constant<[string, Step]>(['sync', (world) => world.sync()]) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...calls), fc.constantFrom('ENOSPC', 'EIO'), fc.integer({ min: 1, max: 3 }))
      .map(([call, code, times]): [string, Step] => [
        `fail ${call} ${times} times with ${code}`,
        ({ files }) => {
          let left = times;
          files.fault = (at) => (at === call && left-- > 0 ? errno(code) : undefined);
        },
      ]),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ after: fc.nat({ max: 12 }), power: fc.boolean(), choices: fc.infiniteStream(fc.nat({ max: 1000 })) })
      .map(({ after, power, choices }): [string, Step] => [
        `${power ? 'power cut' : 'kill'} in a sync after ${after} calls`,
        async (world) => {
          let left = after;
          world.files.fault = () => (left-- > 0 ? undefined : errno('EIO'));
          await world.sync();
          if (power) world.files.powerCut((outcomes) => (choices.next().value ?? 0) % outcomes);
          else world.files.kill();
          await world.reopen(power);
        },
      ]),
  },
);

test('whatever fails, is killed or loses power: nothing older than the last finished sync is found', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        step.map(([name, run]) => ({ run, [fc.toStringMethod]: () => name })),
        { minLength: 10, maxLength: 80, size: 'max' },
      ),
      async (steps) => {
        const world = new World();
        await world.open();
        for (const { run } of steps) await run(world);
        world.files.fault = () => undefined;
        world.put(0);
        await world.sync();
        assert.equal(world.journal.unsynced, 0);
        world.files.powerCut(() => 0);
        await world.reopen(true);
      },
    ),
    { numRuns: 300 },
  );
});
