import type { Clock } from '../../src/push/clock.js';
import type { Outcome, Parcel } from '../../src/push/parcel.js';
import type { Answer } from '../../src/push/verdict.js';

/** Lets everything that is due without time passing happen. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Time that passes only when told to. */
export class TestClock implements Clock {
  #nowMs = 0;
  #timers: { atMs: number; fn: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** When the next timer is due, from now; Infinity without one. */
  get nextMs(): number {
    return Math.min(...this.#timers.map(({ atMs }) => atMs)) - this.#nowMs;
  }

  async advance(ms: number): Promise<void> {
    await settled();
    if (!Number.isFinite(ms)) throw new Error('nothing is due');
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const due = this.#timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.fn();
      await settled();
    }
    this.#nowMs = untilMs;
  }
}

/** One push as the endpoint got it. */
export interface Sent {
  name: string;
  atMs: number;
  calledOff: boolean;
  answer(answer: Answer): Promise<void>;
}

/** Records pushes; they are answered by the test. A push carries its name as text. */
export class ScriptedEndpoint {
  readonly sent: Sent[] = [];
  readonly #clock: TestClock;

  constructor(clock: TestClock) {
    this.#clock = clock;
  }

  send(push: Uint8Array, signal?: AbortSignal): Promise<Answer> {
    return new Promise((resolve) => {
      const onAbort = () => {
        sent.calledOff = true;
        resolve(failure('ABORTED'));
      };
      signal?.addEventListener('abort', onAbort);
      const sent: Sent = {
        name: Buffer.from(push).toString(),
        atMs: this.#clock.now(),
        calledOff: false,
        answer: (answer) => {
          signal?.removeEventListener('abort', onAbort);
          resolve(answer);
          return settled();
        },
      };
      this.sent.push(sent);
    });
  }

  /** Names of all pushes so far, in the order they were sent. */
  get names(): string[] {
    return this.sent.map(({ name }) => name);
  }

  /** Answers the last push of that name. */
  answer(name: string, answer: Answer): Promise<void> {
    const sent = this.sent.findLast((each) => each.name === name);
    if (sent === undefined) throw new Error(`${name} was not sent; sent were ${this.names.join(' ')}`);
    return sent.answer(answer);
  }
}

export function http(status: number, body = '', headers: { retryAfter?: string; location?: string } = {}): Answer {
  return { status, body, retryAfter: headers.retryAfter ?? null, location: headers.location ?? null };
}

export function failure(code: string): Answer {
  return { failure: code, message: 'it broke' };
}

export const STORED = http(204);
export const STREAM_LIMITED = http(
  429,
  'Per stream rate limit exceeded (limit: 3MB/sec) while attempting to ingest for stream \'{pod="hot"}\' totaling 4MB, consider splitting a stream via additional labels or contact your Loki administrator to see if the limit can be increased',
);
export const TENANT_LIMITED = http(
  429,
  "ingestion rate limit exceeded for user fake (limit: 4194304 bytes/sec) while attempting to ingest '10' lines totaling '9000' bytes, reduce log volume or contact your Loki administrator to see if the limit can be increased",
);

/** A parcel whose push is its name, with a list of its outcomes. */
export function parcel(
  name: string,
  seq: number,
  keys: string[],
  more: Partial<Parcel> = {},
): Parcel & { outcomes: Outcome[] } {
  const outcomes: Outcome[] = [];
  return {
    keys,
    seq,
    tenant: '',
    push: Buffer.from(name),
    entries: 10,
    encodedBytes: 1000,
    onSettled: (outcome) => outcomes.push(outcome),
    ...more,
    outcomes,
  };
}
