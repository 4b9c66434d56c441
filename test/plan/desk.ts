import assert from 'node:assert/strict';
import type { ContainerLog } from '../../src/chain/container-log.js';
import { Descriptors } from '../../src/chain/descriptors.js';
import type { Flight, Generation } from '../../src/chain/generation.js';
import type { PipelineDelta } from '../../src/pipeline.js';
import { Jobs } from '../../src/plan/jobs.js';
import type { CollectJob, CollectResult, PipelineSpec, SliceResult } from '../../src/protocol.js';
import type { HeldPlace, Outcome, Parcel } from '../../src/push/parcel.js';
import { addGeneration, makeLog, NOW_MS, readTo, SETTINGS } from '../chain/kit.js';
import { settled } from '../push/kit.js';
import { noEvents } from '../telemetry/no-events.js';

/** Every line has so many bytes. */
export const LINE_BYTES = 10;
export const SPEC: PipelineSpec = {
  revision: 1,
  labelRegex: '',
  staticLabels: [],
  streamMode: 'metadata',
  maxLineBytes: 100,
  withoutMetadata: false,
  route: null,
  shared: null,
};
export const STORED: Outcome = { kind: 'stored' };

export interface Running {
  job: CollectJob;
  resolve: (result: CollectResult) => void;
  reject: (error: Error) => void;
}

/** A push, and whether it took the place of another. */
export interface Sent extends Parcel {
  placed: Place | null;
}

/** A place that is held, with what was submitted to it. */
interface Place {
  seq: number;
  released: boolean;
}

/** Jobs between a worker and a sender that do what they are told. */
export class Desk {
  readonly running: Running[] = [];
  readonly sent: Sent[] = [];
  readonly places: Place[] = [];
  readonly refused: [reason: string, entries: number][] = [];
  readonly repeated: string[] = [];
  readonly problems: string[] = [];
  readonly changed: Generation[] = [];
  readonly broken: Generation[] = [];
  /** What was to be read again and is gone. */
  readonly missing: [pod: string, bytes: number, lines: number][] = [];
  /** What stages have counted. */
  readonly counted: PipelineDelta[] = [];
  /** The bytes of all pushes, and of those that are not needed any more. */
  readonly made: Uint8Array[] = [];
  readonly released: Uint8Array[] = [];
  readonly logs: ContainerLog[] = [];
  stored = 0;
  /** Entries that were read, and of those what no push has any more, and what was taken back. */
  read = 0;
  missed = 0;
  recalled = 0;
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
        jobFinished: ({ entries }) => {
          this.read += entries;
        },
        entriesMissed: ({ entries }) => {
          this.missed += entries;
        },
        entriesRecalled: ({ entries }) => {
          this.recalled += entries;
        },
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
      onCounted: (delta) => this.counted.push(delta),
      onRest: () => {},
      onMissing: ({ log }, _reason, bytes, lines) => this.missing.push([podOf(log.path), bytes, lines]),
      onBroken: (generation) => {
        this.broken.push(generation);
        generation.restart(0);
        generation.formers = [];
        generation.done = true;
        this.jobs.abandon(generation);
      },
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
  async work(
    which = 0,
    change: (index: number) => Partial<SliceResult> = () => ({}),
    delta: PipelineDelta | null = null,
  ): Promise<void> {
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
    resolve({ pushes, delta, waitMs: 0, slices });
    await settled();
    this.assertBalanced();
  }

  /** Loki answers one of the pushes. */
  async answer(outcome: Outcome, which = 0): Promise<void> {
    const [parcel] = this.sent.splice(which, 1) as [Sent];
    parcel.onSettled(outcome);
    await settled();
    this.assertBalanced();
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

  /** What was read is accounted for. */
  assertBalanced(): void {
    const refused = this.refused.reduce((sum, [, entries]) => sum + entries, 0);
    const { read, stored, missed, recalled, jobs } = this;
    assert.equal(read, stored + refused + missed + recalled + jobs.pendingEntries);
  }

  /** Nothing is under way and no memory is taken. */
  assertIdle(): void {
    assert.deepEqual([this.jobs.running, this.jobs.heldBytes, this.jobs.pendingEntries], [0, 0, 0]);
    this.assertBalanced();
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

export function podOf(path: string): string {
  return /default_([^_]+)_/.exec(path)?.[1] as string;
}
