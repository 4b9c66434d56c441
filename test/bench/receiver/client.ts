import type { TestContext } from 'node:test';
import { compressSync } from 'snappy';
import type { Payload } from '../../../bench/receiver/payload.js';
import { encodePush } from '../../../bench/receiver/push.js';
import { type Receiver, type ReceiverOptions, startReceiver } from '../../../bench/receiver/server.js';

/** A receiver that ends with the test. */
export async function receiverFor(t: TestContext, options: ReceiverOptions = {}): Promise<Receiver> {
  const receiver = await startReceiver(options);
  t.after(() => receiver.close());
  return receiver;
}

/** Sends a push as collectors do, and returns what is answered. */
export async function push(
  receiver: Receiver,
  streams: Payload,
  init: RequestInit = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const headers = { 'content-type': 'application/x-protobuf' };
  return post(receiver, snappy(encodePush(streams)), headers, init);
}

export async function post(
  receiver: Receiver,
  body: Uint8Array | string,
  headers: Record<string, string>,
  init: RequestInit = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(receiver.pushUrl, { method: 'POST', body, headers, redirect: 'manual', ...init });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

export function snappy(bytes: Uint8Array): Uint8Array {
  return compressSync(Buffer.from(bytes), { copyOutputData: true });
}

/** The present moment in nanoseconds, moved by `seconds`. */
export function nowNs(seconds = 0): bigint {
  return (BigInt(Date.now()) + BigInt(seconds) * 1000n) * 1_000_000n;
}

/** One stream with one line for each text, a nanosecond apart. */
export function stream(labels: string, lines: (string | Uint8Array)[], startNs = nowNs()): Payload[number] {
  return { labels, entries: lines.map((line, i) => ({ ns: startNs + BigInt(i), line })) };
}
