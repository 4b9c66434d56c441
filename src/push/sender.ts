import { setMaxListeners } from 'node:events';
import { SleipnirError } from '../errors.js';
import type { BackoffOptions } from './backoff.js';
import { backoffMs, DEFAULT_BACKOFF } from './backoff.js';
import type { Clock } from './clock.js';
import { systemClock } from './clock.js';
import type { Endpoint } from './endpoint.js';
import type { PushEvents, SenderFigures } from './figures.js';
import type { Wave } from './flow.js';
import { Flow } from './flow.js';
import type { Place } from './key-order.js';
import { KeyOrder, STUCK_STRIKES } from './key-order.js';
import type { Final, HeldPlace, Instead, Parcel } from './parcel.js';
import type { Again } from './settlement.js';
import { mustBeCut, outcomeOf } from './settlement.js';
import type { Answer } from './verdict.js';
import { judge } from './verdict.js';

export interface SenderOptions {
  endpoint: Pick<Endpoint, 'send'>;
  /** Pushes at a time; should not exceed the endpoint's connections. Default 8. */
  maxInFlight?: number;
  /** Pushes of one key at a time. Default 4. */
  window?: number;
  /**
   * Pushes of one key go side by side only while their entries are at most this far apart, in milliseconds: Loki
   * refuses what is more than max_chunk_age / 2 older than the newest entry of its stream, one hour by default.
   * Default half of that.
   */
  maxSpreadMs?: number;
  backoff?: BackoffOptions;
  events?: Partial<PushEvents>;
  clock?: Clock;
  random?: () => number;
}

interface Entry extends Place {
  readonly parcel: Parcel;
  /** Its own wait, apart from that of the endpoint. */
  notBeforeMs: number;
}

const DEFAULT_MAX_SPREAD_MS = 30 * 60_000;
/** How often in a row the oldest is tried while the endpoint is in trouble, before another has its turn. */
const PROBES_EACH = 3;
/** Reasons that may concern one request, one connection or one of many servers. */
const MAY_BE_CHANCE: ReadonlySet<string> = new Set(['network', 'server_error', 'timeout']);

export type Sender = Pick<PushSender, 'submit' | 'isStuck' | 'stop' | 'figures'>;

/**
 * Sends parcels to one endpoint, many side by side, the oldest first, until each has an outcome. Nothing is ever
 * given up for trouble that may pass.
 */
export function createSender(options: SenderOptions): Sender {
  return new PushSender(options);
}

class PushSender {
  readonly #endpoint: Pick<Endpoint, 'send'>;
  readonly #events: Partial<PushEvents>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #backoff: BackoffOptions;
  readonly #flow: Flow;
  readonly #order: KeyOrder;
  /** Oldest first. */
  readonly #waiting: Entry[] = [];
  readonly #calledOff = new AbortController();
  readonly #figures = {
    inFlight: 0,
    held: 0,
    trouble: null as string | null,
  };
  #pumpDue = false;
  #cancelWake: (() => void) | null = null;
  #deadlineMs = Number.POSITIVE_INFINITY;
  #stopped = false;
  #onStopped: (() => void) | null = null;

  constructor(options: SenderOptions) {
    const maxInFlight = options.maxInFlight ?? 8;
    this.#endpoint = options.endpoint;
    this.#events = options.events ?? {};
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#backoff = options.backoff ?? DEFAULT_BACKOFF;
    this.#flow = new Flow(maxInFlight, this.#backoff, this.#random);
    setMaxListeners(maxInFlight, this.#calledOff.signal);
    this.#order = new KeyOrder(options.window ?? 4, options.maxSpreadMs ?? DEFAULT_MAX_SPREAD_MS);
  }

  /** Takes a parcel over. After `stop` has resolved, parcels are dropped. */
  submit(parcel: Parcel): void {
    this.#enter(parcel, parcel.seq);
  }

  /** Whether the key is held up by a limit of its own: put it into no parcel together with others. */
  isStuck(key: string): boolean {
    return this.#order.isStuck(key);
  }

  get figures(): SenderFigures {
    return { ...this.#figures, waiting: this.#waiting.length };
  }

  /**
   * Goes on for at most `withinMs` milliseconds, and resolves as soon as nothing is left that could be sent in that
   * time. What is in flight at the end is called off. Parcels that are then not settled are dropped without a word.
   */
  stop(withinMs: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    this.#deadlineMs = Math.min(this.#deadlineMs, this.#clock.now() + withinMs);
    return new Promise((resolve) => {
      const others = this.#onStopped;
      this.#onStopped = () => {
        others?.();
        resolve();
      };
      this.#pumpSoon();
    });
  }

  #enter(parcel: Parcel, seq: number, before?: Place): void {
    if (this.#stopped) return;
    const keys = [...new Set(parcel.keys)];
    const { oldestMs = 0, newestMs = 0 } = parcel;
    const own = { state: 'waiting' as const, refusals: 0, strikes: 0, notBeforeMs: 0 };
    const entry: Entry = { parcel, keys, seq, oldestMs, newestMs, ...own };
    this.#order.add(entry, before);
    this.#wait(entry);
    this.#pumpSoon();
  }

  /** Starts whatever may start. Later, because callers come from within `onSettled`. */
  #pumpSoon(): void {
    if (this.#pumpDue) return;
    this.#pumpDue = true;
    queueMicrotask(() => {
      this.#pumpDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#stopped) return;
    this.#separateStuck();
    const nowMs = this.#clock.now();
    let wakeMs = this.#flow.pausedUntilMs;
    if (nowMs >= wakeMs) {
      wakeMs = Number.POSITIVE_INFINITY;
      while (this.#figures.inFlight < this.#flow.allowed && nowMs < this.#deadlineMs) {
        const next = this.#next(nowMs);
        if (next === null) break;
        this.#start(next);
      }
      if (this.#figures.inFlight < this.#flow.allowed) {
        for (const { notBeforeMs } of this.#waiting) if (notBeforeMs > nowMs) wakeMs = Math.min(wakeMs, notBeforeMs);
      }
    }
    this.#sleep(nowMs, wakeMs);
  }

  /** Sets the one timer; ends everything when the deadline is reached or nothing can happen before it. */
  #sleep(nowMs: number, wakeMs: number): void {
    this.#cancelWake?.();
    this.#cancelWake = null;
    const idle = this.#figures.inFlight === 0 && this.#figures.held === 0;
    const hopeless = idle && (this.#waiting.length === 0 || wakeMs >= this.#deadlineMs);
    if (this.#onStopped !== null && (nowMs >= this.#deadlineMs || hopeless)) {
      this.#finish();
      return;
    }
    const untilMs = Math.min(this.#waiting.length === 0 ? Number.POSITIVE_INFINITY : wakeMs, this.#deadlineMs);
    if (untilMs !== Number.POSITIVE_INFINITY) {
      this.#cancelWake = this.#clock.after(Math.max(0, untilMs - nowMs), () => this.#pump());
    }
  }

  #finish(): void {
    this.#stopped = true;
    this.#calledOff.abort();
    this.#waiting.length = 0;
    this.#figures.inFlight = 0;
    this.#figures.held = 0;
    this.#onStopped?.();
  }

  /** The oldest that may start; while the endpoint is probed, those that failed often come later. */
  #next(nowMs: number): Entry | null {
    let best: Entry | null = null;
    for (const entry of this.#waiting) {
      if (best !== null && rank(entry) >= rank(best)) continue;
      if (entry.notBeforeMs > nowMs || !this.#order.mayStart(entry)) continue;
      if (!this.#flow.probing) return entry;
      best = entry;
    }
    return best;
  }

  /** Of parcels that wait only because a key among others is stuck, the others shall not wait any longer. */
  #separateStuck(): void {
    const stuck = this.#waiting.some((entry) => entry.strikes >= STUCK_STRIKES);
    if (!stuck) return;
    for (const entry of [...this.#waiting]) {
      if (entry.keys.length < 2) continue;
      const keys = entry.keys.filter((key) => this.#order.isStuck(key, entry));
      if (keys.length > 0) this.#settle(entry, { kind: 'cut', reason: 'held_up', keys });
    }
  }

  #start(entry: Entry): void {
    const { push, tenant } = entry.parcel;
    remove(this.#waiting, entry);
    entry.state = 'inFlight';
    this.#figures.inFlight++;
    const wave = this.#flow.wave;
    const startedMs = this.#clock.now();
    void this.#endpoint.send(push, this.#calledOff.signal, tenant || null).then((answer) => {
      if (this.#stopped) return;
      this.#figures.inFlight--;
      const status = 'failure' in answer ? answer.failure : answer.status;
      this.#events.pushed?.(status, this.#clock.now() - startedMs, push.byteLength);
      this.#answered(entry, answer, wave);
      this.#pumpSoon();
    });
  }

  #answered(entry: Entry, answer: Answer, wave: Wave): void {
    const verdict = judge(answer);
    if (verdict.kind === 'again') {
      this.#refused(entry, verdict, wave);
      return;
    }
    this.#flow.worked(wave);
    this.#figures.trouble = null;
    if (verdict.kind !== 'stored') this.#events.refused?.(verdict.kind, verdict.detail);
    this.#settle(entry, outcomeOf(verdict, entry.parcel));
  }

  #refused(entry: Entry, verdict: Again, wave: Wave): void {
    const nowMs = this.#clock.now();
    const { scope, reason, detail, retryAfterMs } = verdict;
    entry.refusals++;
    if (scope === 'job') {
      this.#flow.worked(wave);
      this.#strike(entry, nowMs, ++entry.strikes, retryAfterMs ?? 0);
    } else if (this.#flow.failed(wave, nowMs, retryAfterMs, MAY_BE_CHANCE.has(reason)) && entry.refusals > 1) {
      // Once may be chance, and is tried again at once; only its repetition is a sign.
      this.#strike(entry, nowMs, ++entry.strikes, 0);
    }
    this.#figures.trouble = scope === 'job' ? null : reason;
    const untilMs = Math.max(entry.notBeforeMs, scope === 'job' ? 0 : this.#flow.pausedUntilMs);
    this.#events.retried?.(reason, detail, Math.max(0, untilMs - nowMs));
    if (mustBeCut(entry, verdict)) {
      this.#settle(entry, { kind: 'cut', reason, keys: [] });
    } else {
      entry.state = 'waiting';
      this.#wait(entry);
    }
  }

  /** Lets a parcel wait by itself, apart from the endpoint. */
  #strike(entry: Entry, nowMs: number, attempt: number, leastMs: number): void {
    entry.notBeforeMs = nowMs + Math.max(backoffMs(attempt, this.#backoff, this.#random), leastMs);
  }

  #settle(entry: Entry, outcome: Final | Instead): void {
    const { parcel } = entry;
    remove(this.#waiting, entry);
    if (outcome.kind === 'stored' || outcome.kind === 'storedInPart' || outcome.kind === 'refused') {
      this.#order.remove(entry);
      parcel.onSettled(outcome);
      return;
    }
    let place: HeldPlace | null = null;
    let told = false;
    const hold = () => {
      if (told) throw defect('a place was to be held after onSettled had returned');
      place ??= this.#hold(entry);
      return place;
    };
    parcel.onSettled({ ...outcome, hold });
    told = true;
    this.#order.remove(entry);
  }

  /** Puts a place that nothing newer passes before that of a parcel about to leave. */
  #hold(entry: Entry): HeldPlace {
    const { keys, seq, oldestMs, newestMs } = entry;
    const held: Place = { keys, seq, oldestMs, newestMs, state: 'held', refusals: 0, strikes: 0 };
    const known = new Set(keys);
    let released = false;
    this.#order.add(held, entry);
    this.#figures.held++;
    return {
      submit: (part) => {
        if (released) throw defect('a part came after its place was released');
        if (!part.keys.every((key) => known.has(key))) throw defect('a part has keys that its parcel had not');
        this.#enter(part, seq, held);
      },
      release: () => {
        if (released) return;
        released = true;
        this.#order.remove(held);
        if (!this.#stopped) this.#figures.held--;
        this.#pumpSoon();
      },
    };
  }

  #wait(entry: Entry): void {
    let at = this.#waiting.length;
    while (at > 0 && this.#waiting[at - 1]!.seq > entry.seq) at--;
    this.#waiting.splice(at, 0, entry);
  }
}

function rank(entry: Entry): number {
  return Math.floor(entry.refusals / PROBES_EACH);
}

function remove<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at !== -1) list.splice(at, 1);
}

function defect(message: string): SleipnirError {
  return new SleipnirError('PUSH_ORDER', message, 'This is a defect of Sleipnir; please report it.');
}
