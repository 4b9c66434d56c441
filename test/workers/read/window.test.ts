import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TAIL_BYTES } from '../../../src/protocol.js';
import type { ByteSource } from '../../../workers/read/source.js';
import { Window } from '../../../workers/read/window.js';
import { smallWorker } from '../harness.js';

class RecordingSource implements ByteSource {
  readonly start = 0;
  readonly reads: [position: number, length: number][] = [];
  readonly givenBack: [position: number, length: number][] = [];
  readonly #content = Buffer.alloc(100_000, '0123456789');

  read(into: Buffer, at: number, length: number, position: number): number {
    this.reads.push([position, length]);
    return this.#content.copy(into, at, position, position + length);
  }

  giveBack(_bytes: Buffer, from: number, to: number, position: number): void {
    this.givenBack.push([position, to - from]);
  }

  close(): void {}
}

test('reads on without gaps, no more than is wanted, and keeps what the mark needs', async () => {
  const { memory } = smallWorker(64, 5000);
  const source = new RecordingSource();
  const window = new Window(memory, source);
  await window.begin(2000, 9000, TAIL_BYTES);
  assert.equal(window.position, 2000);
  window.at = window.end;
  await window.fill(9000);
  assert.ok(window.at >= TAIL_BYTES);
  assert.deepEqual(source.reads, [
    [2000 - TAIL_BYTES, 5000],
    [7000 - TAIL_BYTES, 5000],
  ]);
  for (let i = window.at - TAIL_BYTES; i < window.end; i++) {
    assert.equal(window.bytes[i], 0x30 + ((window.origin + i) % 10));
  }
});

test('gives back from the lead of the next slice on, wherever that begins', async () => {
  const { memory } = smallWorker(64, 5000);
  const from = 2000;
  for (const [next, to, lead] of [
    [3000, 9000, 3000],
    [3000, 2500, 2500],
    [from, 9000, from],
    [3000, 1000, from],
  ] as const) {
    const source = new RecordingSource();
    const window = new Window(memory, source);
    await window.begin(from, 9000, TAIL_BYTES);
    await window.fill(9000);
    window.at += next - from;
    window.giveBack(to);
    const [position, length] = source.givenBack[0]!;
    assert.equal(position, lead - TAIL_BYTES);
    assert.equal(position + length, window.origin + window.end);
  }
});
