import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, applyPush, countEntries, type ParsedStream, parseStreams } from './apply.js';
import { decodeBody } from './body.js';
import type { Fault, Faults } from './faults.js';
import { type DecodedPush, MalformedPush } from './payload.js';
import type { Limits } from './rules.js';
import type { PushRecord, ReceiverStore } from './store.js';
import { fromMs } from './time.js';

/** What becomes of a request: an answer, none at all, or the end of its connection. */
export type Outcome = Answer | 'stall' | 'drop';

/** Takes pushes: decodes them, lets the faults have their way, stores what Loki would store. */
export class Ingest {
  private readonly store: ReceiverStore;
  private readonly limits: Limits;
  private readonly faults: Faults;
  private readonly parsed = new Map<string, ParsedStream>();

  constructor(store: ReceiverStore, limits: Limits, faults: Faults) {
    this.store = store;
    this.limits = limits;
    this.faults = faults;
  }

  /** Handles the body of one push. `signal` ends the delay of a fault when the receiver closes. */
  async take(body: Buffer, headers: IncomingHttpHeaders, signal: AbortSignal): Promise<Outcome> {
    const storedBefore = this.store.entries;
    const record: PushRecord = {
      timeMs: Date.now(),
      status: null,
      headers,
      wireBytes: body.length,
      decodedBytes: 0,
      streams: [],
      entries: 0,
      stored: 0,
    };
    const outcome = await this.handle(body, record, signal);
    record.stored = this.store.entries - storedBefore;
    record.status = typeof outcome === 'string' ? null : outcome.status;
    this.store.settle(record);
    return outcome;
  }

  private async handle(body: Buffer, record: PushRecord, signal: AbortSignal): Promise<Outcome> {
    const { maxBodyBytes } = this.limits;
    if (maxBodyBytes !== null && body.length > maxBodyBytes) return tooLarge(body.length, maxBodyBytes);
    const decoded = this.decode(body, record);
    if (!('push' in decoded)) return decoded;
    const { push } = decoded;
    const parsed = parseStreams(push, this.parsed);
    const streams = Array.isArray(parsed) ? parsed : [];
    const judgement = this.faults.judge({ streams, decodedBytes: record.decodedBytes });
    if (judgement.delayMs > 0) await delay(judgement.delayMs, undefined, { signal });
    if (judgement.fault !== null && judgement.fault.store !== true) return faultOutcome(judgement.fault);
    const answer = Array.isArray(parsed)
      ? this.apply(push, parsed, judgement.faultOf)
      : this.refuseLabels(push, parsed);
    return judgement.fault === null ? answer : faultOutcome(judgement.fault);
  }

  private decode(body: Buffer, record: PushRecord): { push: DecodedPush } | Answer {
    try {
      const { push, bytes } = decodeBody(body, record.headers, this.store.mode === 'keep');
      record.decodedBytes = bytes;
      record.entries = countEntries(push);
      record.streams = push.map((stream) => stream.labels);
      return { push };
    } catch (error) {
      if (error instanceof MalformedPush) return { status: 400, text: error.message };
      throw error;
    }
  }

  private apply(
    push: DecodedPush,
    parsed: ParsedStream[],
    faultOf: Parameters<typeof applyPush>[3]['faultOf'],
  ): Answer {
    return applyPush(this.store, push, parsed, {
      limits: this.limits,
      now: fromMs(Date.now()),
      ...(faultOf === undefined ? {} : { faultOf }),
    });
  }

  private refuseLabels(push: DecodedPush, answer: Answer): Answer {
    this.store.refuse('invalid_labels', countEntries(push));
    return answer;
  }
}

const TEXTS: Record<number, string> = {
  401: 'no org id',
  413: 'request body too large',
  429: "Ingestion rate limit exceeded for user fake (limit: 4194304 bytes/sec) while attempting to ingest '1' lines totaling '1' bytes, reduce log volume or contact your Loki administrator to see if the limit can be increased",
  500: 'at least 1 live replicas required, could only find 0 - unhealthy instances: 127.0.0.1:9095',
  503: 'service unavailable',
};

function faultOutcome(fault: Exclude<Fault, { action: 'delay' }>): Outcome {
  if (fault.action !== 'refuse') return fault.action;
  const text = fault.text ?? TEXTS[fault.status] ?? '';
  return { status: fault.status, text, ...(fault.headers === undefined ? {} : { headers: fault.headers }) };
}

function tooLarge(bytes: number, limit: number): Answer {
  return { status: 413, text: `request body too large: ${bytes} bytes, limit: ${limit} bytes` };
}
