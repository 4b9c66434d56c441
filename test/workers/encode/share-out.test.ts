import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PushRequest } from '../../../bench/receiver/push.js';
import { shareOut } from '../../../workers/encode/share-out.js';

interface Stream {
  labels: string;
  entries: { line: Buffer }[];
}

function encode(streams: readonly Stream[]): Buffer {
  return Buffer.from(PushRequest.encode(PushRequest.fromObject({ streams })).finish());
}

function linesOf(push: Uint8Array): [labels: string, line: string][] {
  const { streams = [] } = PushRequest.decode(push) as unknown as { streams?: Stream[] };
  return streams.flatMap(({ labels, entries = [] }) =>
    entries.map(({ line }): [string, string] => [labels, Buffer.from(line).toString()]),
  );
}

const push = fc.array(
  fc.record({
    labels: fc.nat(9).map((app) => `{app="${app}"}`),
    entries: fc.array(fc.record({ line: fc.string({ maxLength: 200 }).map((text) => Buffer.from(text)) }), {
      minLength: 1,
      maxLength: 4,
    }),
  }),
  { maxLength: 15 },
);

test('every stream is whole in one push, in its order, and no push has more than are allowed', () => {
  fc.assert(
    fc.property(push, fc.integer({ min: 1, max: 12 }), (streams, most) => {
      const whole = encode(streams);
      const lines = linesOf(whole);
      const shares = shareOut(whole, lines.length, most, null);
      const labels = shares.map(({ bytes }) => [...new Set(linesOf(bytes).map(([each]) => each))]);
      assert.equal(new Set(labels.flat()).size, labels.flat().length);
      for (const [index, { entries, bytes }] of shares.entries()) {
        assert.ok(labels[index]!.length <= most);
        assert.equal(linesOf(bytes).length, entries);
        const own = lines.filter(([each]) => labels[index]!.includes(each));
        const sorted = (list: typeof own) => labels[index]!.flatMap((each) => list.filter(([is]) => is === each));
        assert.deepEqual(sorted(linesOf(bytes)), sorted(own));
      }
      assert.equal(
        shares.reduce((sum, { entries }) => sum + entries, 0),
        lines.length,
      );
      if (new Set(lines.map(([each]) => each)).size <= most)
        assert.deepEqual(shares, [{ streams: null, bytes: whole, entries: lines.length }]);
    }),
  );
});

test('a share can be asked for by its streams, also of another push that has some of them', () => {
  fc.assert(
    fc.property(push, push, fc.integer({ min: 1, max: 5 }), (streams, others, most) => {
      const whole = encode(streams);
      for (const share of shareOut(whole, 0, most, null)) {
        if (share.streams === null) continue;
        assert.deepEqual(shareOut(whole, 0, most, share.streams), [share]);
        const labels = linesOf(share.bytes).map(([each]) => each);
        const [found, ...more] = shareOut(encode(others), 0, most, share.streams);
        assert.deepEqual(more, []);
        const wanted = linesOf(encode(others)).filter(([each]) => labels.includes(each));
        assert.equal(linesOf(found?.bytes ?? Buffer.alloc(0)).length, wanted.length);
      }
    }),
  );
});

test('without a limit nothing is looked at', () => {
  const bytes = Buffer.from('no push at all');
  assert.deepEqual(shareOut(bytes, 7, 0, null), [{ streams: null, bytes, entries: 7 }]);
});
