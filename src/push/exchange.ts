import type { Dispatcher } from 'undici';
import { errnoOf } from '../errors.js';
import type { Answer } from './verdict.js';

/** What of an answer's body is kept. Loki writes about 200 bytes for each line that it refuses. */
const MAX_KEPT_BYTES = 64 * 1024;
/** A longer body is not waited for: the connection is closed instead. */
const MAX_READ_BYTES = 1024 * 1024;

/** What is asked of an HTTP server. Always a POST. */
export interface Post {
  url: URL;
  headers: Record<string, string | string[]>;
  body: Uint8Array | string;
  /** From the hand-over to the end of the answer, in milliseconds. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** Sends a request and waits for its answer. Never throws: what goes wrong on the way is an Answer with `failure`. */
export function exchange(dispatcher: Dispatcher, { url, headers, body, timeoutMs, signal }: Post): Promise<Answer> {
  return new Promise((resolve) => {
    const onAbort = () => request.giveUp('ABORTED', 'called off');
    const timer = setTimeout(
      () => request.giveUp('REQUEST_TIMEOUT', `no answer within ${Math.round(timeoutMs)} ms`),
      timeoutMs,
    );
    const request = new Exchange((answer) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve(answer);
    });
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    // Our own timer covers the whole exchange, so undici's are off.
    const timeouts = { headersTimeout: 0, bodyTimeout: 0 };
    const { origin, pathname, search } = url;
    // A proxy adds to the headers.
    const sent = { origin, method: 'POST' as const, path: pathname + search, headers: { ...headers }, body };
    dispatcher.dispatch({ ...sent, ...timeouts }, request);
  });
}

/** Follows one request to its answer, whatever happens to it. `settle` is called exactly once. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #settle: (answer: Answer) => void;
  #settled = false;
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #retryAfter: string | null = null;
  #location: string | null = null;
  #body: Buffer[] = [];
  #bodyBytes = 0;

  constructor(settle: (answer: Answer) => void) {
    this.#settle = settle;
  }

  /** Gives up on the answer, or takes what has come of it. */
  giveUp(failure: string, message: string): void {
    this.#finishOpen(failure, message);
    this.#controller?.abort(new Error(message));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Given up while it waited for a connection: it must not be sent any more.
    if (this.#settled) controller.abort(new Error('given up before it was sent'));
    else this.#controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#retryAfter = one(headers['retry-after']);
    this.#location = one(headers.location);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#bodyBytes < MAX_KEPT_BYTES) this.#body.push(chunk.subarray(0, MAX_KEPT_BYTES - this.#bodyBytes));
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes > MAX_READ_BYTES) {
      this.#finish(this.#answer());
      controller.abort(new Error('the answer is too long'));
    }
  }

  onResponseEnd(): void {
    this.#finish(this.#answer());
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#finishOpen(codeOf(error), error.message);
  }

  /** A status alone is a verdict, except that of a 400, whose meaning is in the body. */
  #finishOpen(failure: string, message: string): void {
    this.#finish(this.#status === 0 || this.#status === 400 ? { failure, message } : this.#answer());
  }

  #finish(answer: Answer): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#body = [];
    this.#settle(answer);
  }

  #answer(): Answer {
    const body = Buffer.concat(this.#body).toString('utf8');
    return { status: this.#status, retryAfter: this.#retryAfter, location: this.#location, body };
  }
}

function one(header: string | string[] | undefined): string | null {
  return (Array.isArray(header) ? header[0] : header) ?? null;
}

/** The code of a connection error; of the first address tried when there were several. */
function codeOf(error: Error): string {
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  return errnoOf(error) ?? errnoOf(inner) ?? error.name;
}
