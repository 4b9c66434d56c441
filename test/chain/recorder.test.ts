import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type { ContainerLog } from '../../src/chain/container-log.js';
import type { Generation } from '../../src/chain/generation.js';
import { Recorder } from '../../src/chain/recorder.js';
import { addGeneration, makeLog } from './kit.js';

/** A recorder over a journal whose writes end when they are told to. */
class Desk {
  readonly logs = new Set<ContainerLog>();
  readonly put: string[] = [];
  readonly released: Generation[] = [];
  stored = 0;
  ready = 0;
  writes = 0;
  unsynced = 0;
  #end = (_written: boolean): void => {};
  readonly recorder: Recorder;

  constructor() {
    const desk = this;
    this.recorder = new Recorder({
      chains: { awake: this.logs },
      positions: {
        lane: '',
        recovery: { firstStart: true },
        get unsynced() {
          return desk.unsynced;
        },
        records: () => new Map(),
        put: ({ log }) => {
          this.put.push(log);
          this.unsynced += 1;
        },
        forget: () => {},
        sync: () => {
          this.writes += 1;
          return new Promise((resolve) => {
            this.#end = (written) => {
              if (written) this.unsynced = 0;
              resolve();
            };
          });
        },
      },
      spool: { release: (generation) => this.released.push(generation) },
      onStored: () => {
        this.stored += 1;
      },
      onReady: () => {
        this.ready += 1;
      },
    });
  }

  log(pod: string, bytes = 10): ContainerLog {
    const log = makeLog(`/var/log/pods/default_${pod}_uid/app/0.log`);
    addGeneration(log, bytes);
    log.moved = true;
    this.logs.add(log);
    return log;
  }

  /** A generation that is done, with its copy. */
  copied(log: ContainerLog): Generation {
    const generation = addGeneration(log, 10);
    generation.spool = { path: '/spool/1', start: 0, end: 10, fileBytes: 10 };
    return generation;
  }

  /** The write is over; if not `written`, the disk is full. */
  async end(written = true): Promise<void> {
    this.#end(written);
    await new Promise(setImmediate);
  }
}

test('what has moved is written once, and a write at a time', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const desk = new Desk();
    const log = desk.log('a');
    desk.recorder.store();
    assert.deepEqual([desk.put, desk.writes, log.moved], [[log.path], 1, false]);
    log.moved = true;
    desk.recorder.store();
    assert.deepEqual([desk.put.length, desk.writes, desk.stored], [1, 1, 0]);
    await desk.end();
    assert.deepEqual([desk.stored, desk.ready], [1, 0]);
    // Not at once either: there is a pause after each write.
    desk.recorder.store();
    assert.equal(desk.writes, 1);
    mock.timers.tick(100);
    assert.equal(desk.ready, 1);
    desk.recorder.store();
    assert.deepEqual([desk.put.length, desk.writes], [2, 2]);
    await desk.end();
    mock.timers.tick(100);
    desk.recorder.store();
    assert.equal(desk.writes, 2, 'nothing has moved');
  } finally {
    mock.timers.reset();
  }
});

test('a copy goes when it is stored that it is not needed, and not before', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const desk = new Desk();
    const log = desk.log('a');
    const done = desk.copied(log);
    const spooling = desk.copied(log);
    spooling.spooling = true;
    desk.recorder.take([done, spooling, addGeneration(log, 10)]);
    desk.recorder.store();
    assert.deepEqual(desk.released, []);
    await desk.end(false);
    assert.deepEqual([desk.released, desk.stored], [[], 0]);
    mock.timers.tick(100);
    desk.recorder.store();
    const late = desk.copied(log);
    desk.recorder.take([late]);
    await desk.end();
    assert.deepEqual(desk.released, [done]);
    const last = desk.recorder.storeAll();
    await desk.end();
    await last;
    assert.deepEqual(desk.released, [done, late]);
  } finally {
    mock.timers.reset();
  }
});

test('how much there is is noted while nothing is settled', async () => {
  const desk = new Desk();
  const log = desk.log('a');
  desk.recorder.store();
  await desk.end();
  desk.recorder.noteGrowth();
  assert.equal(log.moved, false);
  (log.generations[0] as Generation).size += 5;
  desk.recorder.noteGrowth();
  assert.equal(log.moved, true);
});
