import assert from 'node:assert/strict';
import { appendFileSync, closeSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ContainerLog } from '../../src/chain/container-log.js';
import { Descriptors } from '../../src/chain/descriptors.js';
import type { Flight, Former, Generation } from '../../src/chain/generation.js';
import { Jobs } from '../../src/plan/jobs.js';
import type { CollectJob, CollectResult, PipelineSpec, Slice, SliceResult } from '../../src/protocol.js';
import type { HeldPlace, Outcome, Parcel } from '../../src/push/parcel.js';
import type { Refusal } from '../../src/push/refusals.js';
import { noEvents } from '../../src/telemetry/events.js';
import { addGeneration, CARRY, makeFolder, makeLog, mark, NOW_MS, readTo, SETTINGS } from '../chain/kit.js';
import { settled } from '../push/kit.js';

/** Every line has so many bytes. */
const LINE_BYTES = 10;
const SPEC: PipelineSpec = {
  revision: 1,
  labelRegex: '',
  staticLabels: [],
  streamMode: 'metadata',
  maxLineBytes: 100,
  withoutMetadata: false,
  route: null,
  shared: null,
};
const STORED: Outcome = { kind: 'stored' };

interface Running {
  job: CollectJob;
  resolve: (result: CollectResult) => void;
  reject: (error: Error) => void;
}

/** A push, and whether it took the place of another. */
interface Sent extends Parcel {
  placed: Place | null;
}

/** A place that is held, with what was submitted to it. */
interface Place {
  seq: number;
  released: boolean;
}

/** Jobs between a worker and a sender that do what they are told. */
class Desk {
  readonly running: Running[] = [];
  readonly sent: Sent[] = [];
  readonly places: Place[] = [];
  readonly refused: [reason: string, entries: number][] = [];
  readonly repeated: string[] = [];
  readonly problems: string[] = [];
  readonly changed: Generation[] = [];
  readonly broken: Generation[] = [];
  /** The bytes of all pushes, and of those that are not needed any more. */
  readonly made: Uint8Array[] = [];
  readonly released: Uint8Array[] = [];
  readonly logs: ContainerLog[] = [];
  stored = 0;
  nowMs = NOW_MS;
  onChanged = () => {};
  readonly jobs: Jobs;

  constructor(descriptors = new Descriptors(1000, () => {})) {
    this.jobs = new Jobs({
      collect: (job) => new Promise((resolve, reject) => this.running.push({ job, resolve, reject })),
      release: ({ bytes }) => this.released.push(bytes),
      sender: { submit: (parcel) => this.sent.push({ ...parcel, placed: null }) },
      spec: SPEC,
      descriptors,
      events: {
        ...noEvents,
        entriesStored: ({ entries }) => {
          this.stored += entries;
        },
        entriesRefused: ({ reason, entries }) => this.refused.push([reason, entries]),
        jobRepeated: (reason) => this.repeated.push(reason),
        problemFound: ({ code }) => this.problems.push(code),
      },
      maxRunning: 2,
      budgetBytes: 10_000,
      batchBytes: SETTINGS.batchBytes,
      now: () => this.nowMs,
      onProgress: () => {},
      onChanged: (generation) => {
        this.changed.push(generation);
        this.onChanged();
      },
      onCounted: () => {},
      onRest: () => {},
      onMissing: () => {},
      onBroken: (generation) => this.broken.push(generation),
    });
  }

  /** A log with so many lines. */
  log(pod: string, lines: number): ContainerLog {
    const log = makeLog(`/var/log/pods/default_${pod}_uid/app/0.log`);
    addGeneration(log, lines * LINE_BYTES).format = 'cri';
    this.logs.push(log);
    return log;
  }

  /** One job of everything unread in these logs. */
  launch(...logs: ContainerLog[]): Flight[] {
    const flights = logs.map((log) => log.nextFlight(SETTINGS.batchBytes, true, this.nowMs) as Flight);
    this.jobs.launch(flights);
    return flights;
  }

  /** A worker reads one of the jobs; `change` alters what it says of each slice. */
  async work(which = 0, change: (index: number) => Partial<SliceResult> = () => ({})): Promise<void> {
    const [{ job, resolve }] = this.running.splice(which, 1) as [Running];
    const slices = job.slices.map(({ from, to, aligned }, index) => {
      const first = aligned ? from : Math.ceil(from / LINE_BYTES) * LINE_BYTES;
      const next = Math.max(first, Math.ceil(to / LINE_BYTES) * LINE_BYTES);
      const lines = (next - first) / LINE_BYTES;
      return readTo(next, { first, lines, entries: lines, ...change(index) });
    });
    const whole = slices.map(({ outcome, first, next }) => (outcome === 'read' ? [first, next] : null));
    const push = Buffer.from(JSON.stringify(job.slices.map(({ path }, index) => [path, whole[index]])));
    const entries = slices.reduce((sum, slice) => sum + slice.entries, 0);
    const pushes = [{ tenant: '', streams: null, bytes: push, encodedBytes: push.length, entries }];
    this.made.push(push);
    resolve({ pushes, delta: null, waitMs: 0, slices });
    await settled();
  }

  /** Loki answers one of the pushes. */
  async answer(outcome: Outcome, which = 0): Promise<void> {
    const [parcel] = this.sent.splice(which, 1) as [Sent];
    parcel.onSettled(outcome);
    await settled();
  }

  /** Hands a push back, to be made anew in its place. */
  readonly instead = (kind: 'cut' | 'withoutStream' | 'withoutMetadata', keys: string[] = []): Outcome => {
    const hold = (): HeldPlace => {
      const place: Place = { seq: this.places.length, released: false };
      this.places.push(place);
      return {
        submit: (parcel) => {
          assert.equal(place.released, false, 'nothing comes after a release');
          this.sent.push({ ...parcel, placed: place });
        },
        release: () => {
          assert.equal(place.released, false, 'released once');
          place.released = true;
        },
      };
    };
    if (kind === 'cut') return { kind, reason: 'too_large', keys, hold };
    if (kind === 'withoutStream') return { kind, labels: null, hold };
    return { kind, hold };
  };

  /** Which lines are in a push: pod, first and one after the last. */
  linesIn(parcel: Parcel): [pod: string, from: number, to: number][] {
    const ranges: [string, [number, number] | null][] = JSON.parse(Buffer.from(parcel.push).toString());
    return ranges.flatMap(([path, range]) =>
      range === null ? [] : [[podOf(path), range[0] / LINE_BYTES, range[1] / LINE_BYTES] as [string, number, number]],
    );
  }

  /** Nothing is under way and no memory is taken. */
  assertIdle(): void {
    assert.deepEqual([this.jobs.running, this.jobs.heldBytes], [0, 0]);
    for (const { heldBytes, generations } of this.logs) {
      assert.equal(heldBytes, 0);
      for (const { readers, flights } of generations) assert.deepEqual([readers, flights.length], [0, 0]);
    }
    for (const { released } of this.places) assert.ok(released, 'a place is held');
  }

  assertSettled(): void {
    this.assertIdle();
    // Each once: its place is used again.
    assert.equal(this.released.length, this.made.length);
    assert.deepEqual(new Set(this.released), new Set(this.made));
    for (const { unsettledBytes } of this.logs) assert.equal(unsettledBytes, 0);
  }
}

function refusal(reason: string, lines: number): Refusal {
  return { reason, lines, unit: 'entry', stream: null };
}

function podOf(path: string): string {
  return /default_([^_]+)_/.exec(path)?.[1] as string;
}

test('from ranges to a settled position', async () => {
  const desk = new Desk();
  const logs = [desk.log('a', 3), desk.log('b', 5)];
  desk.launch(...logs);
  assert.deepEqual([desk.jobs.running, desk.jobs.heldBytes, logs[1]?.heldBytes], [1, 80, 50]);
  await desk.work();
  const [parcel] = desk.sent as [Sent];
  assert.deepEqual([parcel.keys, parcel.seq, parcel.entries], [logs.map(({ path }) => path), 1, 8]);
  assert.deepEqual([desk.jobs.running, desk.jobs.heldBytes], [0, parcel.push.byteLength]);
  assert.equal(logs[0]?.unsettledBytes, 30);
  await desk.answer(STORED);
  assert.equal(desk.stored, 8);
  desk.assertSettled();
});

test('ranges that run ahead are pushed in order, and the position follows in order', async () => {
  const desk = new Desk();
  const log = desk.log('a', 250);
  desk.launch(log);
  desk.launch(log);
  await desk.work(1);
  assert.equal(desk.sent.length, 0);
  await desk.work();
  assert.deepEqual(
    desk.sent.map((parcel) => [parcel.seq, ...desk.linesIn(parcel)]),
    [
      [1, ['a', 0, 100]],
      [2, ['a', 100, 200]],
    ],
  );
  await desk.answer(STORED, 1);
  assert.equal(log.unsettledBytes, 2500);
  await desk.answer(STORED);
  assert.equal(log.unsettledBytes, 500);
  desk.assertIdle();
});

test('a wrong supposition: what was read ahead is read again', async () => {
  const desk = new Desk();
  const log = desk.log('a', 200);
  desk.launch(log);
  desk.launch(log);
  await desk.work(1);
  await desk.work(0, () => ({ carry: CARRY }));
  assert.deepEqual(desk.repeated, ['carry']);
  assert.deepEqual(
    desk.running[0]?.job.slices.map(({ from, carry, aligned }) => [from, carry, aligned]),
    [[1000, CARRY, true]],
  );
  await desk.work();
  assert.equal(desk.sent.length, 2);
  await desk.answer(STORED);
  await desk.answer(STORED);
  desk.assertSettled();
});

test('a push without entries is settled at once', async () => {
  const desk = new Desk();
  desk.launch(desk.log('a', 3));
  await desk.work(0, () => ({ entries: 0 }));
  assert.equal(desk.sent.length, 0);
  desk.assertSettled();
});

test('stored in part, and refused for good', async () => {
  const desk = new Desk();
  desk.launch(desk.log('a', 10));
  await desk.work();
  await desk.answer({ kind: 'storedInPart', refused: [refusal('line_too_long', 3), refusal('too_old', 99)] });
  assert.deepEqual(
    [desk.stored, desk.refused],
    [
      0,
      [
        ['line_too_long', 3],
        ['too_old', 7],
      ],
    ],
  );
  desk.launch(desk.log('b', 4));
  await desk.work();
  await desk.answer({ kind: 'refused', reason: 'unknown', detail: '' });
  assert.deepEqual(desk.refused.at(-1), ['unknown', 4]);
  desk.assertSettled();
});

test('too large: halves of the logs, then of the only log, down to the line that is to blame', async () => {
  const desk = new Desk();
  desk.launch(desk.log('a', 5), desk.log('b', 21), desk.log('c', 1), desk.log('d', 9));
  const stored: [string, number, number][] = [];
  while (desk.running.length + desk.sent.length > 0) {
    while (desk.running.length > 0) await desk.work();
    const lines = desk.linesIn(desk.sent[0]!);
    const poisoned = lines.some(([pod, from, to]) => pod === 'b' && from <= 13 && 13 < to);
    if (!poisoned) stored.push(...lines);
    await desk.answer(poisoned ? desk.instead('cut') : STORED);
  }
  assert.deepEqual(desk.refused, [['too_large', 1]]);
  const ofB = stored
    .filter(([pod]) => pod === 'b')
    .flatMap(([, from, to]) => Array.from({ length: to - from }, (_, i) => from + i));
  assert.deepEqual(
    ofB.toSorted((a, b) => a - b),
    Array.from({ length: 21 }, (_, i) => i).filter((line) => line !== 13),
  );
  assert.equal(desk.stored, 5 + 20 + 1 + 9);
  desk.assertSettled();
});

test('several pushes of a job: each is made anew for itself, and the position moves after the last', async () => {
  const desk = new Desk();
  const route = { processes: [], externalLabels: [], maxLineBytes: 100, revision: 1, maxStreams: 1 };
  desk.jobs.change({ ...SPEC, route }, SETTINGS.batchBytes);
  const log = desk.log('a', 4);
  const shares = ['s1', 's2'].map((stream) => ({ tenant: 'acme', streams: [stream] }));
  /** A worker reads the job; each of the shares has half of the lines. */
  const work = async (wanted: readonly (typeof shares)[number][]): Promise<void> => {
    const [{ job, resolve }] = desk.running.splice(0, 1) as [Running];
    const slices = job.slices.map(({ from, to }) =>
      readTo(to, { first: from, lines: (to - from) / LINE_BYTES, entries: 2 }),
    );
    const pushes = wanted.map((share) => {
      const bytes = Buffer.from(JSON.stringify([share, slices.map(({ first, next }) => [first, next])]));
      desk.made.push(bytes);
      return { ...share, bytes, encodedBytes: bytes.length, entries: 1 };
    });
    resolve({ pushes, delta: null, waitMs: 0, slices });
    await settled();
  };
  desk.launch(log);
  assert.equal(desk.running[0]?.job.only, null);
  await work(shares);
  assert.deepEqual(
    desk.sent.map(({ tenant, entries, seq }) => [tenant, entries, seq]),
    [
      ['acme', 1, 1],
      ['acme', 1, 1],
    ],
  );
  await desk.answer(STORED);
  assert.equal(log.unsettledBytes, 40);
  await desk.answer(desk.instead('cut'));
  assert.deepEqual(desk.running[0]?.job.only, shares[1]);
  for (let half = 0; half < 2; half++) {
    await work([shares[1]!]);
    assert.equal(log.unsettledBytes, 40);
  }
  while (desk.sent.length > 0) await desk.answer(STORED);
  assert.equal(desk.stored, 3);
  desk.assertSettled();
});

test('the log that is held up gets a push of its own; both are sent in the place of the first', async () => {
  const desk = new Desk();
  const [a, b, c] = [desk.log('a', 1), desk.log('b', 1), desk.log('c', 1)];
  desk.launch(a, b, c);
  await desk.work();
  await desk.answer(desk.instead('cut', [b.path]));
  await desk.work();
  assert.equal(desk.places[0]?.released, false);
  await desk.work();
  assert.deepEqual(
    desk.sent.map(({ keys, seq, placed }) => [keys, seq, placed?.seq]),
    [
      [[a.path, c.path], 1, 0],
      [[b.path], 1, 0],
    ],
  );
  assert.equal(desk.places[0]?.released, true);
  await desk.answer(STORED);
  await desk.answer(STORED);
  desk.assertSettled();
});

test('metadata is not allowed: no more of it, also in what was made before', async () => {
  const desk = new Desk();
  desk.launch(desk.log('a', 1));
  desk.launch(desk.log('b', 1));
  await desk.work();
  await desk.work();
  for (const _ of [1, 2]) {
    await desk.answer(desk.instead('withoutMetadata'));
    assert.equal(desk.running[0]!.job.spec.withoutMetadata, true);
    await desk.work();
    await desk.answer(STORED, desk.sent.length - 1);
  }
  desk.launch(desk.log('c', 1));
  assert.equal(desk.running[0]?.job.spec.withoutMetadata, true);
  await desk.work();
  await desk.answer(desk.instead('withoutMetadata'));
  assert.deepEqual(desk.refused, [['metadata_disallowed', 1]]);
  desk.assertSettled();
});

test('labels that do not parse lose only their own log', async () => {
  const desk = new Desk();
  const bad = 'b';
  desk.launch(desk.log('a', 2), desk.log(bad, 3), desk.log('c', 4));
  while (desk.running.length + desk.sent.length > 0) {
    while (desk.running.length > 0) await desk.work();
    const refused = desk.linesIn(desk.sent[0]!).some(([pod]) => pod === bad);
    await desk.answer(refused ? desk.instead('withoutStream') : STORED);
  }
  assert.deepEqual([desk.refused, desk.stored], [[['invalid_labels', 3]], 6]);
  desk.assertSettled();
});

test('a worker that fails: its ranges are read again after a pause', async () => {
  const desk = new Desk();
  desk.launch(desk.log('a', 2), desk.log('b', 2));
  desk.running.shift()?.reject(new Error('worker ended'));
  await settled();
  desk.jobs.resume(desk.nowMs);
  assert.deepEqual([desk.running.length, desk.repeated, desk.jobs.heldBytes], [0, ['worker'], 0]);
  desk.nowMs += 10_000;
  desk.jobs.resume(desk.nowMs);
  assert.equal(desk.running.length, 2);
  for (const _ of [1, 2]) await desk.work();
  for (const _ of [1, 2]) await desk.answer(STORED);
  desk.assertSettled();
});

test('a file that cannot be read is tried again and said once; the others of its job go on', async () => {
  const desk = new Desk();
  const [sick, sound] = [desk.log('sick', 2), desk.log('sound', 2)];
  desk.launch(sick, sound);
  const unreadable: Partial<SliceResult> = { outcome: 'unreadable', error: { code: 'EIO', message: 'bad disk' } };
  await desk.work(0, (index) => (index === 0 ? unreadable : {}));
  await desk.answer(STORED);
  assert.deepEqual([sick.unsettledBytes, sound.unsettledBytes], [20, 0]);
  for (let tries = 0; tries < 5; tries += 1) {
    desk.nowMs += 10_000;
    desk.jobs.resume(desk.nowMs);
    await desk.work(0, () => unreadable);
    assert.deepEqual([desk.jobs.heldBytes, desk.sent.length], [0, 0]);
  }
  assert.deepEqual(desk.problems, ['LOG_UNREADABLE']);
  desk.nowMs += 10_000;
  desk.jobs.resume(desk.nowMs);
  await desk.work();
  await desk.answer(STORED);
  desk.assertSettled();
});

test('a file that cannot be read and then begins anew does not hold up the others of its job', async () => {
  const desk = new Desk();
  const [sick, sound] = [desk.log('sick', 2), desk.log('sound', 2)];
  desk.launch(sick, sound);
  await desk.work(0, (index) => (index === 0 ? { outcome: 'unreadable' } : {}));
  const generation = sick.generations[0]!;
  generation.restart(0);
  desk.jobs.abandon(generation);
  await desk.answer(STORED);
  assert.equal(sound.unsettledBytes, 0);
  desk.jobs.resume(desk.nowMs + 10_000);
  desk.assertSettled();
});

test('a damaged copy is given up after some tries, unless it still grows', async (t) => {
  const path = join(makeFolder(t), '0.log.gz');
  writeFileSync(path, 'damaged');
  const fd = openSync(path, 'r');
  t.after(() => closeSync(fd));
  const desk = new Desk();
  const log = desk.log('a', 2);
  const generation = log.generations[0]!;
  Object.assign(generation, { fd, path: null, packed: true, gzip: { path: '0.log.gz', dev: '1', ino: '1' } });
  desk.launch(log);
  for (let tries = 0; desk.broken.length === 0 && tries < 20; tries += 1) {
    if (tries < 10) appendFileSync(path, 'more');
    else assert.ok(tries < 16);
    await desk.work(0, () => ({ outcome: 'unreadable' }));
    desk.nowMs += 10_000;
    desk.jobs.resume(desk.nowMs);
  }
  assert.deepEqual(desk.broken, [generation]);
  assert.equal(readFileSync(path, 'utf8'), `damaged${'more'.repeat(10)}`);
  assert.deepEqual([desk.jobs.heldBytes, desk.running.length], [0, 0]);
});

test('a file that was rewritten: what was read ahead in its old bytes is thrown away', async () => {
  const desk = new Desk();
  const log = desk.log('a', 200);
  const generation = log.generations[0]!;
  desk.launch(log);
  desk.launch(log);
  await desk.work(1);
  await desk.work(0, () => ({ outcome: 'changed' }));
  assert.deepEqual(desk.changed, [generation]);
  generation.restart(100);
  desk.jobs.abandon(generation);
  desk.assertIdle();
  desk.launch(log);
  await desk.work();
  await desk.answer(STORED);
  desk.assertSettled();
});

test('rewritten while a worker reads and while Loki is asked: both end, and move nothing', async () => {
  const desk = new Desk();
  const log = desk.log('a', 200);
  const generation = log.generations[0]!;
  desk.launch(log);
  await desk.work();
  desk.launch(log);
  generation.restart(50);
  desk.jobs.abandon(generation);
  await desk.work();
  await desk.answer(STORED);
  assert.equal(log.unsettledBytes, 50);
  desk.assertIdle();
});

/** Has a log of 4 lines read once more in halves, and truncates it while a worker reads the first. */
async function truncatedInRepeat(desk: Desk): Promise<{ flight: Flight; original: Generation; copy: Generation }> {
  const log = desk.log('a', 4);
  const [flight] = desk.launch(log) as [Flight];
  await desk.work();
  await desk.answer(desk.instead('cut'));
  const original = flight.generation;
  original.restart(0);
  desk.jobs.abandon(original);
  return { flight, original, copy: addGeneration(log, 40, { path: `${log.path}.1`, suffix: '1' }) };
}

test('truncated before a repeated read of it: the copy has to be read from where all is settled', async () => {
  const desk = new Desk();
  const { flight, original, copy } = await truncatedInRepeat(desk);
  await desk.work(0, () => ({ next: 0, entries: 0, lines: 0 }));
  assert.equal(flight.goneBytes, 40);
  copy.adopt(original.formers[0] as Former);
  assert.deepEqual([copy.read.offset, copy.flights], [0, []]);
  desk.assertIdle();
});

test('rewritten before a repeated read of it, which shows it: that is over, and the copy is read from where all is settled', async () => {
  const desk = new Desk();
  const log = desk.log('a', 400);
  const [first, ahead] = [desk.launch(log)[0], desk.launch(log)[0]] as [Flight, Flight];
  const { generation } = first;
  await desk.work(0, () => ({ head: mark('head') }));
  await desk.work();
  for (const each of [first, ahead]) {
    await desk.answer(desk.instead('withoutMetadata'));
    const { from, before, head } = (desk.running.at(-1) as Running).job.slices[0] as Slice;
    assert.deepEqual([before, head], each === first ? [null, mark('head')] : [mark(`tail-${from}`), null]);
  }
  const [former] = await changedInRepeat(desk, generation);
  assert.deepEqual([first.goneBytes, ahead.goneBytes], [1000, 0]);
  assert.equal(generation.takeUnread(), 2000 + 1000);
  const copy = addGeneration(log, 4000, { path: `${log.path}.1`, suffix: '1' });
  copy.adopt(former as Former);
  assert.deepEqual([copy.read.offset, copy.flights], [0, []]);
});

/** A worker finds that the file is another; the collector begins anew. */
async function changedInRepeat(desk: Desk, generation: Generation): Promise<Former[]> {
  desk.onChanged = () => {
    generation.restart(100);
    desk.jobs.abandon(generation);
  };
  await desk.work(0, () => ({ outcome: 'changed' }));
  return generation.formers;
}

test('truncated during a repeated read, and taken for its copy meanwhile: that is read instead', async () => {
  const desk = new Desk();
  const { original, copy } = await truncatedInRepeat(desk);
  copy.adopt(original.formers[0] as Former);
  await desk.work(0, () => ({ next: 0, entries: 0, lines: 0 }));
  assert.deepEqual(
    desk.running.map(({ job }) => job.slices[0]?.source),
    [{ kind: 'plain', fd: copy.fd }],
  );
  while (desk.running.length > 0) await desk.work();
  for (const parcel of [...desk.sent]) {
    assert.ok(parcel.entries > 0);
    await desk.answer(STORED);
  }
  assert.equal(desk.stored, 4);
  desk.assertSettled();
});

test('room: so many jobs at once, so many bytes, and no log more than half of them', () => {
  const desk = new Desk();
  assert.ok(desk.jobs.mayLaunch);
  const hot = desk.log('hot', 1000);
  desk.launch(hot);
  desk.launch(desk.log('a', 1));
  assert.equal(desk.jobs.mayLaunch, false);
  assert.ok(desk.jobs.mayTake(hot));
  hot.heldBytes = 5001;
  assert.equal(desk.jobs.mayTake(hot), false);
});

/** A log of one line that has a file, which is not open. */
function fileLog(desk: Desk, folder: string, pod: string): ContainerLog {
  const path = join(folder, pod);
  writeFileSync(path, `${pod}23456789\n`);
  const { dev, ino } = statSync(path, { bigint: true });
  const log = desk.log(pod, 0);
  log.generations = [];
  addGeneration(log, LINE_BYTES, { path, dev: String(dev), ino: String(ino) }).fd = null;
  return log;
}

test('descriptors are short: no file of a job is closed for another of it', async (t) => {
  const folder = makeFolder(t);
  const descriptors = new Descriptors(2, () => {});
  t.after(() => descriptors.closeAll());
  const desk = new Desk(descriptors);
  const logs = ['a', 'b', 'c'].map((pod) => fileLog(desk, folder, pod));
  desk.launch(...logs);
  const [{ job }] = desk.running as [Running];
  const texts = job.slices.map(({ source, path }) => [
    podOf(path),
    source.kind === 'plain' && readFileSync(source.fd, 'latin1')[0],
  ]);
  assert.deepEqual(texts, [
    ['a', 'a'],
    ['b', 'b'],
  ]);
  await desk.work();
  await desk.answer(STORED);
  // The first two are not needed any more.
  await desk.work();
  await desk.answer(STORED);
  desk.assertSettled();
  assert.deepEqual(desk.problems, []);
});

test('descriptors are short in a repeated read: it goes on as soon as one is free, and nothing is said', async (t) => {
  const folder = makeFolder(t);
  const descriptors = new Descriptors(1, () => {});
  t.after(() => descriptors.closeAll());
  const desk = new Desk(descriptors);
  const logs = ['a', 'b'].map((pod) => fileLog(desk, folder, pod));
  for (const log of logs) {
    desk.launch(log);
    await desk.work();
  }
  // Another is being read.
  const busy = fileLog(desk, folder, 'c').generations[0] as Generation;
  assert.equal(busy.open(descriptors), 'open');
  busy.readers += 1;
  for (const _ of logs) await desk.answer(desk.instead('withoutMetadata'));
  for (let tries = 0; tries < 10; tries += 1) {
    desk.nowMs += 1000;
    desk.jobs.resume(desk.nowMs);
    assert.deepEqual([desk.running, desk.problems, logs[0]?.generations[0]?.blockedUntilMs], [[], [], 0]);
  }
  busy.readers -= 1;
  desk.jobs.resume(desk.nowMs);
  // Each as soon as the one before has been read.
  for (const pod of ['a', 'b']) {
    assert.deepEqual(
      desk.running.map(({ job }) => job.slices.map(({ path }) => podOf(path))),
      [[pod]],
    );
    assert.equal(desk.jobs.mayLaunch, pod === 'b');
    await desk.work();
  }
  for (const _ of logs) await desk.answer(STORED);
  desk.logs.pop();
  desk.assertSettled();
});

test('whatever workers and Loki do: every line is stored or refused once, and no memory stays taken', async () => {
  const turn = fc.record({ act: fc.nat({ max: 9 }), which: fc.nat() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 }),
      fc.array(turn, { maxLength: 60 }),
      async (sizes, turns) => {
        const desk = new Desk();
        const logs = sizes.map((lines, index) => desk.log(String(index), lines));
        const launch = () => {
          for (const log of logs) {
            const flight = log.nextFlight(SETTINGS.batchBytes, true, desk.nowMs);
            if (flight !== null) desk.jobs.launch([flight]);
          }
        };
        const pass = () => {
          desk.nowMs += 10_000;
          desk.jobs.resume(desk.nowMs);
        };
        launch();
        for (const { act, which } of turns) {
          const [job, parcel] = [which % desk.running.length, which % desk.sent.length];
          if (desk.running.length > 0 && act < 4) {
            if (act === 0) await desk.work(job, () => ({ outcome: 'unreadable' }));
            else if (act === 1) {
              desk.running.splice(job, 1)[0]?.reject(new Error('worker ended'));
              await settled();
            } else await desk.work(job);
          } else if (desk.sent.length > 0 && act < 9) {
            if (act === 4) await desk.answer(desk.instead('withoutStream'), parcel);
            else if (act === 5) await desk.answer(desk.instead('withoutMetadata'), parcel);
            else if (act === 6) await desk.answer(desk.instead('cut'), parcel);
            else if (act === 7) await desk.answer({ kind: 'refused', reason: 'unknown', detail: '' }, parcel);
            else await desk.answer(STORED, parcel);
          } else {
            pass();
            launch();
          }
        }
        for (let rounds = 0; rounds < 200 && logs.some(({ unsettledBytes }) => unsettledBytes > 0); rounds += 1) {
          while (desk.running.length > 0) await desk.work();
          while (desk.sent.length > 0) await desk.answer(STORED);
          pass();
          launch();
        }
        desk.assertSettled();
        const refused = desk.refused.reduce((sum, [, entries]) => sum + entries, 0);
        assert.equal(
          desk.stored + refused,
          sizes.reduce((sum, lines) => sum + lines, 0),
        );
      },
    ),
    { numRuns: 150 },
  );
});
