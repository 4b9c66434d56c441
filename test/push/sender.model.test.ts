import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HeldPlace, Outcome, Parcel } from '../../src/push/parcel.js';
import type { Sender } from '../../src/push/sender.js';
import { createSender } from '../../src/push/sender.js';
import type { Answer } from '../../src/push/verdict.js';
import { failure, http, parcel, STORED, STREAM_LIMITED, settled, TENANT_LIMITED, TestClock } from './kit.js';

const WINDOW = 2;
const MAX_IN_FLIGHT = 3;
const SPREAD_MS = 100;

/** Answers that decide nothing for good, each with whether it is about the endpoint. */
const PASSING: Answer[] = [
  failure('ECONNRESET'),
  failure('REQUEST_TIMEOUT'),
  http(503, '', { retryAfter: '2' }),
  http(500),
  http(401),
  http(302),
  TENANT_LIMITED,
  STREAM_LIMITED,
  STREAM_LIMITED,
];
const FINAL: Answer[] = [STORED, STORED, STORED, http(400, 'entry too far behind'), http(400, 'unknown')];
const HANDING_BACK: Answer[] = [http(413), http(400, "couldn't parse labels: x")];

type Line = { key: string; number: number };

/** What the test knows of one parcel that is with the sender. */
interface Known {
  /** Position among all parcels of a key, of any depth: parts extend the path of their parcel. */
  path: number[];
  lines: Line[];
  keys: string[];
  oldestMs: number;
  newestMs: number;
  inFlight: boolean;
  refusals: number;
}

function older(a: number[], b: number[]): boolean {
  for (const [index, step] of a.entries()) {
    const other = b[index];
    if (other === undefined) return false;
    if (step !== other) return step < other;
  }
  return a.length < b.length;
}

/** A collector in small: hands in parcels, cuts what comes back, and counts the lines that are settled. */
class Model {
  readonly clock = new TestClock();
  readonly known = new Map<string, Known>();
  readonly settledLines = new Map<string, number>();
  readonly pending: { name: string; answer: (answer: Answer) => Promise<void> }[] = [];
  readonly held = new Map<string, number[]>();
  readonly sender: Sender;
  #names = 0;
  #wrong: unknown = null;

  constructor() {
    this.sender = createSender({
      endpoint: { send: (push) => this.#watched(Buffer.from(push).toString()) },
      clock: this.clock,
      window: WINDOW,
      maxInFlight: MAX_IN_FLIGHT,
      maxSpreadMs: SPREAD_MS,
    });
  }

  make(path: number[], lines: Line[], oldestMs: number, newestMs: number): Parcel {
    const name = `p${++this.#names}`;
    const keys = [...new Set(lines.map(({ key }) => key))];
    this.known.set(name, { path, lines, keys, oldestMs, newestMs, inFlight: false, refusals: 0 });
    const encodedBytes = lines.length > 2 ? 1 << 20 : 100;
    const made = { oldestMs, newestMs, entries: lines.length, encodedBytes };
    return parcel(name, path[0] ?? 0, keys, { ...made, onSettled: (outcome) => this.#onSettled(name, outcome) });
  }

  /** Throws what was found wrong in a callback of the sender. */
  check(): void {
    if (this.#wrong !== null) throw this.#wrong;
  }

  #watched(name: string): Promise<Answer> {
    try {
      return this.#onSend(name);
    } catch (error) {
      this.#wrong ??= error;
      return new Promise(() => {});
    }
  }

  #onSend(name: string): Promise<Answer> {
    const mine = this.known.get(name) ?? assert.fail(`${name} was sent after it was settled`);
    assert.equal(mine.inFlight, false, `${name} is sent twice at a time`);
    for (const key of mine.keys) {
      const others = [...this.known.values()].filter((other) => other !== mine && other.keys.includes(key));
      for (const other of others.filter(({ path }) => older(path, mine.path))) {
        assert.ok(other.inFlight && other.refusals === 0, `${name} overtakes one that is refused or waits`);
        assert.ok(mine.newestMs - other.oldestMs <= SPREAD_MS, `${name} goes beside one far older`);
      }
      assert.ok(others.filter(({ inFlight }) => inFlight).length < WINDOW, `the window of ${key} is full`);
      for (const [id, path] of this.held) {
        const place = this.known.get(id)?.path ?? path;
        const isPart = place.every((step, index) => mine.path[index] === step);
        if (id.includes(`|${key}|`)) assert.ok(isPart || older(mine.path, place), `${name} overtakes a held place`);
      }
    }
    assert.ok(this.pending.length < MAX_IN_FLIGHT);
    mine.inFlight = true;
    return new Promise((resolve) => {
      const answer = (given: Answer) => {
        mine.inFlight = false;
        mine.refusals++;
        resolve(given);
        return settled();
      };
      this.pending.push({ name, answer });
    });
  }

  #onSettled(name: string, outcome: Outcome): void {
    const mine = this.known.get(name);
    if (mine === undefined) {
      this.#wrong ??= new Error(`${name} is settled twice`);
      return;
    }
    this.known.delete(name);
    if (outcome.kind === 'stored' || outcome.kind === 'storedInPart' || outcome.kind === 'refused') {
      this.#settleLines(mine.lines);
      return;
    }
    if (mine.lines.length === 1) {
      // What cannot be cut any more is given up by the collector.
      this.#settleLines(mine.lines);
      return;
    }
    const place = outcome.hold();
    const id = `${name}|${mine.keys.join('|')}|`;
    this.held.set(id, mine.path);
    // A worker takes a while to make the parts.
    this.clock.after(50, () => this.#cut(mine, place, id));
  }

  #cut(mine: Known, place: HeldPlace, id: string): void {
    const half = Math.ceil(mine.lines.length / 2);
    const parts = [mine.lines.slice(0, half), mine.lines.slice(half)];
    for (const [index, lines] of parts.entries()) {
      place.submit(this.make([...mine.path, index], lines, mine.oldestMs, mine.newestMs));
    }
    place.release();
    this.held.delete(id);
  }

  #settleLines(lines: Line[]): void {
    for (const { key, number } of lines) {
      const line = `${key}${number}`;
      this.settledLines.set(line, (this.settledLines.get(line) ?? 0) + 1);
    }
  }
}

type Step =
  | { do: 'submit'; keys: string[]; lines: number; spanMs: number }
  | { do: 'answer'; which: number; answer: Answer }
  | { do: 'wait'; ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('submit' as const),
    keys: fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1, maxLength: 3 }),
    lines: fc.integer({ min: 1, max: 3 }),
    spanMs: fc.integer({ min: 0, max: 150 }),
  }),
  fc.record({
    do: fc.constant('answer' as const),
    which: fc.nat(MAX_IN_FLIGHT - 1),
    answer: fc.constantFrom(...PASSING, ...FINAL, ...HANDING_BACK),
  }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3000 }) }),
);

test('whatever Loki answers: every line is settled once, and no parcel overtakes a refused one of its key', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), async (steps) => {
      const model = new Model();
      const submitted: string[] = [];
      let seq = 0;
      let timeMs = 1_000_000;
      for (const each of steps) {
        if (each.do === 'wait') await model.clock.advance(each.ms);
        else if (each.do === 'answer') {
          const [sent] = model.pending.splice(each.which % Math.max(1, model.pending.length), 1);
          await sent?.answer(each.answer);
        } else {
          seq++;
          const lines = each.keys.flatMap((key) =>
            Array.from({ length: each.lines }, (_, index) => ({ key, number: seq * 10 + index })),
          );
          submitted.push(...lines.map(({ key, number }) => `${key}${number}`));
          model.sender.submit(model.make([seq], lines, timeMs, timeMs + each.spanMs));
          timeMs += each.spanMs;
          await settled();
        }
        model.check();
      }
      // From now on Loki takes everything: nothing may be left behind.
      for (let idle = 0; idle < 3; ) {
        await settled();
        model.check();
        const [sent] = model.pending.splice(0, 1);
        if (sent !== undefined) await sent.answer(STORED);
        else if (model.clock.nextMs === Number.POSITIVE_INFINITY) idle++;
        else await model.clock.advance(model.clock.nextMs);
      }
      assert.deepEqual([...model.settledLines.keys()].sort(), submitted.sort());
      assert.ok([...model.settledLines.values()].every((times) => times === 1));
      const { inFlight, waiting, held } = model.sender.figures;
      assert.deepEqual({ inFlight, waiting, held }, { inFlight: 0, waiting: 0, held: 0 });
      await model.sender.stop(0);
    }),
    { numRuns: 300 },
  );
});
