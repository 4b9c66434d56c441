import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Chains } from '../../src/chain/chains.js';
import type { ContainerLog } from '../../src/chain/container-log.js';
import { Descriptors } from '../../src/chain/descriptors.js';
import { Generation } from '../../src/chain/generation.js';
import type { Identify } from '../../src/chain/identify.js';
import type { Leftover } from '../../src/chain/spool.js';
import { type TakeUpOptions, takeUp } from '../../src/chain/take-up.js';
import type { Cursor, PositionRecord } from '../../src/checkpoint/record.js';
import { createMatcher } from '../../src/discover/match.js';
import { Scanner } from '../../src/discover/scan.js';
import { markOf } from '../../workers/mark.js';
import { Sources } from '../../workers/read/source.js';
import { runIdentify } from '../../workers/run-identify.js';
import { CARRY, makeChains, makeFolder, NOW_MS } from './kit.js';

const sources = new Sources();
const LINES = 'one\ntwo\nthree\n';

/** Logs on disk, what an earlier run has left, and what a start makes of both. */
class Scene {
  readonly records = new Map<string, PositionRecord>();
  /** Copies in the spool. */
  readonly leftovers: Leftover[] = [];
  readonly forgotten: string[] = [];
  /** Logs that were asked which generations their copies were made from. */
  readonly asked: string[] = [];
  readonly chains: Chains;
  readonly #root: string;
  readonly #scanner: Scanner;
  readonly #descriptors = new Descriptors(200, () => {});

  constructor(t: TestContext) {
    this.#root = makeFolder(t);
    t.after(() => this.#descriptors.closeAll());
    const globs = [`${this.#root}/*/*/*.log`];
    const matcher = createMatcher(globs, []);
    this.#scanner = new Scanner(globs, matcher);
    this.chains = makeChains(matcher, (generation) => generation.open(this.#descriptors) === 'open');
  }

  path(pod: string): string {
    return join(this.#root, `default_${pod}_uid`, 'app', '0.log');
  }

  write(pod: string, text = LINES, suffix = ''): string {
    const path = this.path(pod) + suffix;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  /** What an earlier run has stored of this file, or of one that is not there. */
  cursor(path: string, offset: number, more: Partial<Cursor> = {}): Cursor {
    const stat = statSync(path, { throwIfNoEntry: false });
    const bytes = Buffer.from(LINES);
    return {
      dev: String(stat?.dev ?? 1),
      ino: String(stat?.ino ?? 1),
      name: '0.log',
      head: offset === 0 ? null : markOf(bytes, 0, offset),
      tail: offset === 0 ? null : markOf(bytes, 0, offset),
      offset,
      size: bytes.length,
      format: 'raw',
      carry: null,
      ...more,
    };
  }

  store(pod: string, ...cursors: Cursor[]): void {
    const log = this.path(pod);
    this.records.set(log, { log, cursors });
  }

  async start(options: Partial<TakeUpOptions> = {}): Promise<[reason: string, pod: string, bytes: number][]> {
    this.chains.begin(await this.#scanner.scan(), NOW_MS, () => 0);
    this.chains.restore(this.leftovers, NOW_MS);
    const gone = await takeUp({
      chains: this.chains,
      records: this.records,
      fromEnd: false,
      descriptors: this.#descriptors,
      identify: (job) => runIdentify(job, sources),
      matchCopies: async ({ path }) => {
        this.asked.push(path);
      },
      isWanted: () => true,
      onForgotten: (path) => this.forgotten.push(path),
      now: () => NOW_MS,
      ...options,
    });
    return gone.map(({ reason, pod, bytes, lines, files }) => {
      assert.deepEqual([lines, files], [0, 0]);
      return [reason, pod, bytes];
    });
  }

  log(pod: string): ContainerLog {
    return this.chains.get(this.path(pod)) as ContainerLog;
  }

  /** Where reading of each generation begins. */
  offsets(pod: string): number[] {
    return this.log(pod).generations.map(({ read }) => read.offset);
  }
}

test('a log with a position goes on there, one without begins at its start', async (t) => {
  const scene = new Scene(t);
  scene.store('known', scene.cursor(scene.write('known'), 4));
  scene.write('new');
  assert.deepEqual(await scene.start(), []);
  assert.deepEqual([scene.offsets('known'), scene.offsets('new')], [[4], [0]]);
  // So that it is stored again, in a journal of this life.
  assert.deepEqual([scene.log('known').moved, scene.log('new').moved], [true, true]);
  assert.deepEqual([scene.forgotten, scene.asked], [[], []]);
});

test('the very first start may begin at the ends; where there is a position, that holds', async (t) => {
  const scene = new Scene(t);
  scene.store('known', scene.cursor(scene.write('known'), 4));
  scene.write('new');
  await scene.start({ fromEnd: true });
  assert.deepEqual([scene.offsets('known'), scene.offsets('new')], [[4], [LINES.length]]);
});

test('a log that is gone is forgotten, and what was not read of it is told', async (t) => {
  const scene = new Scene(t);
  scene.store('read', scene.cursor('', LINES.length));
  scene.store('unread', scene.cursor('', 4), scene.cursor('', 0, { ino: '2' }));
  assert.deepEqual(await scene.start(), [
    ['gone_while_down', 'unread', LINES.length - 4],
    ['gone_while_down', 'unread', LINES.length],
  ]);
  assert.deepEqual(scene.forgotten, [scene.path('read'), scene.path('unread')]);
  assert.deepEqual([...scene.chains], []);
});

test('what a log that is gone has left open is kept, to be sent as it is', async (t) => {
  const scene = new Scene(t);
  scene.store('open', scene.cursor('', LINES.length, { carry: CARRY }), scene.cursor('', LINES.length, { ino: '2' }));
  scene.store('unwanted', scene.cursor('', LINES.length, { carry: CARRY }));
  const isWanted = (path: string) => path !== scene.path('unwanted');
  assert.deepEqual(await scene.start({ isWanted }), []);
  assert.deepEqual(scene.forgotten, [scene.path('unwanted')]);
  const { generations, moved } = scene.log('open');
  assert.deepEqual(
    generations.map(({ gap, read, format }) => [gap, read.offset, read.carry, format]),
    [[true, 0, CARRY, 'raw']],
  );
  assert.equal(moved, true);
});

test('what was on its way of a file that was given up is counted at the next start, and then no more', async (t) => {
  const scene = new Scene(t);
  const gap = (size: number): Cursor => scene.cursor('', 0, { name: '', size, gap: true });
  scene.store('there', gap(30), gap(0), scene.cursor(scene.write('there'), 8));
  scene.store('gone', gap(40));
  assert.deepEqual(await scene.start(), [
    ['gone_while_down', 'there', 30],
    ['gone_while_down', 'gone', 40],
  ]);
  assert.deepEqual(scene.offsets('there'), [8]);
  const { cursors } = scene.log('there').record();
  assert.deepEqual(
    cursors.map(({ gap, size }) => [gap, size]),
    [[undefined, LINES.length]],
  );
});

test('of a log that is there, what is unread of a file that is gone is told', async (t) => {
  const scene = new Scene(t);
  const rotated = { ino: '1', name: '0.log.20260101-000001' };
  scene.store('web', scene.cursor('', 4, rotated), scene.cursor(scene.write('web'), 8));
  assert.deepEqual(await scene.start(), [['gone_while_down', 'web', LINES.length - 4]]);
  assert.deepEqual([scene.offsets('web'), scene.forgotten], [[8], []]);
});

test('only a log with copies is asked what they are copies of, and only a file that may be one waits for it', async (t) => {
  const scene = new Scene(t);
  for (const suffix of ['.20260101-000001', '.20260101-000002', '']) scene.write('copied', LINES, suffix);
  scene.write('plain', LINES, '.20260101-000001');
  scene.write('plain');
  const suffix = '20260101-000001';
  const file = { path: '', suffix, gzip: false, dev: '1', ino: '1', size: LINES.length };
  const restore = (log: ContainerLog): Generation => {
    const copy = new Generation(log, file, NOW_MS);
    copy.path = null;
    copy.spool = { path: '/spool', start: 0, end: LINES.length, fileBytes: 100 };
    return copy;
  };
  scene.leftovers.push({ log: scene.path('copied'), suffix, seenAtMs: NOW_MS, restore });
  await scene.start();
  assert.deepEqual(scene.asked, [scene.path('copied')]);
  const waiting = (pod: string) => scene.log(pod).generations.filter(({ unidentified }) => unidentified);
  assert.deepEqual(
    waiting('copied').map((generation) => generation.suffix),
    [suffix],
  );
  assert.deepEqual(waiting('plain'), []);
});

test('workers are asked about a few logs at a time, and all are placed', async (t) => {
  const scene = new Scene(t);
  const pods = Array.from({ length: 60 }, (_, index) => `pod-${index}`);
  for (const pod of pods) scene.store(pod, scene.cursor(scene.write(pod), 8));
  let running = 0;
  let most = 0;
  const identify: Identify = async (job) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise(setImmediate);
    running -= 1;
    return runIdentify(job, sources);
  };
  await scene.start({ identify });
  assert.deepEqual(
    pods.flatMap((pod) => scene.offsets(pod)),
    Array(60).fill(8),
  );
  assert.ok(most > 1 && most <= 16, `${most} at a time`);
});
