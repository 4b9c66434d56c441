import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatBytes, formatDuration, parseBytes, parseDurationMs } from '../../src/config/units.js';

const sizes: [string, number][] = [
  ['0', 0],
  ['1048576', 1_048_576],
  ['100B', 100],
  ['1MiB', 1_048_576],
  ['1mib', 1_048_576],
  ['512KB', 512_000],
  ['512kB', 512_000],
  ['1 GiB', 1_073_741_824],
  ['2GB', 2_000_000_000],
  ['1TiB', 2 ** 40],
  ['1.5MiB', 1_572_864],
  ['2.3kB', 2_300],
  ['512Mi', 536_870_912],
  ['1Gi', 1_073_741_824],
  ['64ki', 65_536],
  ['5G', 5_000_000_000],
  ['5M', 5_000_000],
  ['5k', 5_000],
];

for (const [text, bytes] of sizes) {
  test(`the size ${text} is ${bytes} bytes`, () => assert.equal(parseBytes(text), bytes));
}

// 512m is half a byte for Kubernetes, and never meant.
for (const text of [
  '',
  'MiB',
  '-1',
  '1e6',
  '1,5MiB',
  '1MiBs',
  '512m',
  '1g',
  '1MiB ',
  '.5MiB',
  '1constructor',
  '99999999TiB',
]) {
  test(`"${text}" is not a size`, () => assert.throws(() => parseBytes(text), { code: 'BAD_SIZE' }));
}

const durations: [string, number][] = [
  ['0s', 0],
  ['1s', 1_000],
  ['500ms', 500],
  ['1m30s', 90_000],
  ['1h', 3_600_000],
  ['1h2m3s4ms', 3_723_004],
  ['1.5s', 1_500],
  ['5m', 300_000],
  ['90m', 5_400_000],
];

for (const [text, ms] of durations) {
  test(`the duration ${text} is ${ms} ms`, () => assert.equal(parseDurationMs(text), ms));
}

for (const text of ['', '1', '0', 's', '-1s', '1s1m', '1s1s', '1d', '1M', '1 s', '1.s', '9007199254740993h']) {
  test(`"${text}" is not a duration`, () => assert.throws(() => parseDurationMs(text), { code: 'BAD_DURATION' }));
}

test('a formatted size reads as the same number', () => {
  const number = fc.oneof(
    fc.maxSafeNat(),
    fc
      .tuple(fc.nat(4096), fc.constantFrom(1e3, 2 ** 10, 1e6, 2 ** 20, 1e9, 2 ** 30, 1e12, 2 ** 40))
      .map(([count, unit]) => count * unit),
  );
  fc.assert(fc.property(number, (bytes) => assert.equal(parseBytes(formatBytes(bytes)), bytes)));
});

test('a formatted duration reads as the same number', () => {
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeNat(), fc.nat(10_000_000)), (ms) =>
      assert.equal(parseDurationMs(formatDuration(ms)), ms),
    ),
  );
});

test('formats use the largest unit that is exact', () => {
  assert.equal(formatBytes(1_048_576), '1MiB');
  assert.equal(formatBytes(1_500), '1500B');
  assert.equal(formatBytes(2_000_000), '2MB');
  assert.equal(formatBytes(0), '0B');
  assert.equal(formatDuration(90_000), '1m30s');
  assert.equal(formatDuration(0), '0s');
});

test('any text is read or refused with a code', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const parse of [parseBytes, parseDurationMs]) {
        try {
          assert.ok(Number.isSafeInteger(parse(text)));
        } catch (error) {
          assert.match(String(Object(error).code), /^BAD_(SIZE|DURATION)$/);
        }
      }
    }),
  );
});
