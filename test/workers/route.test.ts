import assert from 'node:assert/strict';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { compileLoops } from '../../src/plan/loops.js';
import { DeltaSum } from '../../workers/pipeline/delta.js';
import { runJob } from '../../workers/run-job.js';
import { WorkerState } from '../../workers/worker-state.js';
import { criFile, dockerFile, rawFile } from './arbitraries.js';
import { sliceOf, smallWorker, spec, sum, TestFile } from './harness.js';
import { STAGES } from './pipeline/remembering.js';
import { byStream, type Pushed, pushed, type Read, readThrough, routed } from './routes.js';
import type { LooseStage } from './stages/harness.js';

const file = new TestFile();
after(() => file.close());

/** Leaves everything as it is, but has to look at each line. */
const LOOK: LooseStage = { drop: { longerThanBytes: 1e9 } };
const PATH_LABELS: LooseStage[] = [
  { regex: { expression: '^/var/log/pods/(?P<namespace>[^_]+)_', source: 'filename' } },
  { labels: { values: { namespace: '' } } },
];

/** Routes that are read without looking at the lines one by one, or with nothing but `stage.cri`. */
const FAST: LooseStage[][] = [
  [],
  PATH_LABELS,
  [{ cri: {} }],
  [...PATH_LABELS, { cri: {} }],
  [{ cri: {} }, ...PATH_LABELS, { static_labels: { values: { a: 'b' } } }],
  [{ tenant: { value: 'acme' } }, { cri: {} }],
  [{ label_drop: { values: ['filename'] } }],
  [{ label_drop: { values: ['filename'] } }, { cri: {} }],
];

const anyFile = fc.oneof({ weight: 3, arbitrary: criFile }, dockerFile, rawFile);
const cuts = fc.array(fc.nat(900), { maxLength: 6 });
const maxLineBytes = fc.constantFrom(64, 40, 20);

const stages = fc.array(fc.constantFrom(...STAGES), { minLength: 1, maxLength: 5 });
const text = fc.constantFrom('a', ' b', 'x', '12', '12', '34 a', '[1,2]', '', 'ü', '\tat b', '99 x');
const criLine = fc
  .tuple(fc.nat(9), fc.constantFrom('stdout', 'stderr'), fc.constantFrom('F', 'F', 'P'), text)
  .map(([second, stream, flag, content]) => `2026-08-01T12:00:0${second}.5Z ${stream} ${flag} ${content}`);
// Not both in one file: what has no timestamp follows what has one, and only in its own slice.
const lines = fc.oneof(fc.array(criLine, { maxLength: 14 }), fc.array(text, { maxLength: 14 }));

/** What was counted in all jobs together. */
function counted({ jobs }: Read): unknown {
  const sum = new DeltaSum();
  for (const { delta } of jobs) if (delta !== null) sum.add(delta);
  const delta = sum.take();
  for (const { series } of delta?.metrics ?? [])
    series.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return delta;
}

/** An open gzip file of `bytes` that is damaged near its end. */
function openDamagedGzip(folder: string, bytes: Buffer): number {
  const packed = gzipSync(bytes, { level: 0 });
  packed.fill(0xff, packed.length - 5000, packed.length - 4000);
  packed.fill(0xff, packed.length - 20);
  const path = join(folder, 'damaged.gz');
  writeFileSync(path, packed);
  return openSync(path, 'r');
}

describe('a route', () => {
  test('whose lines are shipped as bytes comes to what its stages come to', async () => {
    const workers = [smallWorker(), smallWorker(64, 61, 64 * 1024, compileLoops())];
    const property = fc.asyncProperty(
      fc.constantFrom(...workers),
      fc.constantFrom(...FAST),
      anyFile,
      cuts,
      maxLineBytes,
      async (worker, stages, bytes, at, max) => {
        file.set(bytes);
        const externalLabels: [string, string][] = [['cluster', 'c']];
        const fast = routed(stages, { maxLineBytes: max, externalLabels });
        const slow = routed([...stages, LOOK], { maxLineBytes: max, externalLabels });
        const a = await readThrough(worker, [fast], file, bytes.length, at);
        const b = await readThrough(worker, [slow], file, bytes.length, at);
        assert.deepEqual(a.entries, b.entries);
        for (const field of ['lines', 'entries', 'malformedLines', 'cutEntries', 'cutBytes'] as const) {
          assert.equal(sum(a.results, field), sum(b.results, field), field);
        }
        assert.deepEqual(
          a.results.map(({ oldestMs, newestMs, head, tail, next, first }) => [
            oldestMs,
            newestMs,
            head,
            tail,
            next,
            first,
          ]),
          b.results.map(({ oldestMs, newestMs, head, tail, next, first }) => [
            oldestMs,
            newestMs,
            head,
            tail,
            next,
            first,
          ]),
        );
      },
    );
    await fc.assert(property, { numRuns: 600 });
  });

  test('has no timestamp that Loki could not keep', async () => {
    const worker = smallWorker();
    file.set('2262-04-11T23:47:15.999999999Z stdout F a\nb\nc\n');
    for (const stages of [[], [LOOK]]) {
      const { entries } = await readThrough(worker, [routed(stages)], file, 1000, []);
      assert.deepEqual(
        entries.map(({ ns }) => ns),
        Array(3).fill(9_223_372_035_999_999_999n),
      );
    }
  });

  test('comes to the same wherever its file is cut, and however little room a push has', async () => {
    const worker = new WorkerState({ batchBytes: 1 << 16, maxLineBytes: 262_144 });
    const tight = smallWorker(4096, 61, -4096 - 1536 + 600);
    const property = fc.asyncProperty(
      stages,
      lines,
      fc.array(fc.nat(600), { maxLength: 6 }),
      async (chain, texts, at) => {
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
        file.set(bytes);
        const pipeline = routed(chain, { maxLineBytes: 4096 });
        const whole = await readThrough(worker, [pipeline], file, bytes.length, []);
        const cut = await readThrough(worker, [pipeline], file, bytes.length, at);
        const narrow = await readThrough(tight, [pipeline], file, bytes.length, at);
        assert.deepEqual(cut.entries, whole.entries);
        assert.deepEqual(narrow.entries, whole.entries);
        assert.deepEqual(counted(cut), counted(whole));
        assert.deepEqual(counted(narrow), counted(whole));
      },
    );
    await fc.assert(property, { numRuns: 400 });
  });

  test('that is changed between two slices, or given up, loses nothing and repeats nothing', async () => {
    const worker = new WorkerState({ batchBytes: 1 << 16, maxLineBytes: 262_144 });
    const tight = smallWorker(4096, 61, -4096 - 1536 + 600);
    const pipelines = [
      spec(),
      spec('label'),
      routed([]),
      routed([{ cri: {} }]),
      routed([{ cri: {} }, LOOK]),
      routed([{ cri: {} }, { multiline: { firstline: '^a' } }]),
      routed([{ multiline: { firstline: 'a' } }, { cri: {} }]),
      routed([LOOK]),
    ];
    const line = fc.tuple(fc.constantFrom('stdout', 'stderr'), fc.constantFrom('F', 'P'), fc.constantFrom('a', 'b'));
    const property = fc.asyncProperty(
      fc.array(line, { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat(600), { maxLength: 8 }),
      fc.array(fc.constantFrom(...pipelines), { minLength: 1, maxLength: 8 }),
      fc.constantFrom(worker, tight),
      async (given, at, turn, state) => {
        const tokens = given.map(([, , text], i) => `${text}<${i}>`);
        const texts = given.map(([stream, flag], i) => `2026-08-01T12:00:0${i % 10}.5Z ${stream} ${flag} ${tokens[i]}`);
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
        file.set(bytes);
        const { entries } = await readThrough(state, turn, file, bytes.length, at);
        const found = entries.flatMap(({ line }) => line.match(/[ab]<\d+>/g) ?? []);
        assert.deepEqual(found.sort(), tokens.sort());
        for (const { ns, labels } of entries) {
          assert.ok(ns >= BigInt(Date.parse('2026-08-01T12:00:00Z')) * 1_000_000n);
          assert.ok(Object.keys(labels).length > 0);
        }
      },
    );
    await fc.assert(property, { numRuns: 600 });
  });

  test('a carry of the built-in pipeline is read, whoever goes on', async () => {
    const worker = smallWorker(4096);
    const text = '2026-08-01T12:00:00.5Z stdout P one\n';
    file.set(`${text}2026-08-01T12:00:01.5Z stdout F two\n`);
    for (const [stages, expected] of [
      [[{ cri: {} }], ['onetwo']],
      [[], ['one', '2026-08-01T12:00:01.5Z stdout F two']],
      [[LOOK], ['one', '2026-08-01T12:00:01.5Z stdout F two']],
    ] as [LooseStage[], string[]][]) {
      const { entries, results } = await readThrough(worker, [spec(), routed(stages)], file, 2 * text.length, [
        text.length,
      ]);
      assert.equal(results[0]!.carry![0], 1);
      assert.deepEqual(
        entries.map(({ line }) => line),
        expected,
      );
      if (expected.length === 2)
        assert.equal(entries[0]!.ns, BigInt(Date.parse('2026-08-01T12:00:00.5Z')) * 1_000_000n);
    }
  });

  test('a line without an end takes the memory it always takes', async () => {
    const worker = smallWorker(64);
    const head = '2026-08-01T12:00:00.5Z stdout F ';
    file.set(`${head}${'x'.repeat(5000)}\n${head}next\n`);
    for (const stages of [[], [{ cri: {} }], [{ cri: {} }, LOOK]]) {
      const { entries, results } = await readThrough(
        worker,
        [routed(stages, { maxLineBytes: 64 })],
        file,
        5100,
        [10, 3000],
      );
      assert.equal(entries.length, 2);
      assert.ok(entries[0]!.line.endsWith('x [cut]'));
      assert.equal(entries[0]!.line.length, 64);
      const kept = 64 - ' [cut]'.length - (stages.length === 0 ? head.length : 0);
      assert.equal(sum(results, 'cutBytes'), 5000 - kept);
      assert.ok(results.every(({ carry }) => carry === null || carry.length < 100));
    }
  });

  test('what stages join is cut when it is too long, and takes no more memory however long it goes on', async () => {
    const worker = smallWorker(64);
    const part = (flag: string) => `2026-08-01T12:00:00.5Z stdout ${flag} ${'x'.repeat(40)}\n`;
    file.set(part('P').repeat(20) + part('F') + part('F'));
    const bytes = part('P').length * 22;
    const cuts = Array.from({ length: 20 }, (_, i) => i * 70);
    for (const stages of [[{ cri: {} }], [{ cri: {} }, LOOK]]) {
      const { entries, results } = await readThrough(worker, [routed(stages, { maxLineBytes: 64 })], file, bytes, cuts);
      assert.deepEqual(
        entries.map(({ line }) => line.length),
        [64, 40],
      );
      assert.equal(sum(results, 'cutBytes'), 21 * 40 - 58);
      assert.ok(results.every(({ carry }) => carry === null || carry.length < 600));
    }
  });
});

/** Encodes in the encodings that Node can only read. */
function encode(text: string, encoding: string): Buffer {
  if (encoding === 'utf-16be') return Buffer.from(text, 'utf16le').swap16();
  if (encoding === 'utf-16le') return Buffer.from(text, 'utf16le');
  const table = new TextDecoder(encoding).decode(Uint8Array.from({ length: 256 }, (_, i) => i));
  return Buffer.from(Array.from(text, (character) => table.indexOf(character)));
}

describe('a file in another encoding', () => {
  // What has the byte of a newline in it, in either half, and what has its bytes across two characters.
  const unit = fc.constantFrom('a', 'b c', '\u0a0a', '\u0a00', '\u000b', '\u0100', '\u010a', '漢', '😀');
  const cyrillic = fc.constantFrom('a', 'b c', 'Щ', 'я', '€');

  test('comes to what it comes to in UTF-8, wherever it is cut', async () => {
    const worker = smallWorker(4096, 61, 1 << 20);
    const texts = (units: fc.Arbitrary<string>) => fc.array(fc.array(units, { maxLength: 6 }), { maxLength: 8 });
    const given = fc.oneof(
      fc.tuple(fc.constantFrom('utf-16le', 'utf-16be'), texts(unit)),
      fc.tuple(fc.constant('windows-1251'), texts(cyrillic)),
    );
    const cuts = fc.array(fc.nat(200), { maxLength: 5 });
    const property = fc.asyncProperty(given, cuts, fc.boolean(), async ([encoding, units], at, ended) => {
      const lines = units.map((one) => one.join(''));
      const whole = lines.join('\n') + (ended && lines.length > 0 ? '\n' : '');
      const bytes = encode(whole, encoding);
      file.set(bytes);
      const expected = whole === '' ? [] : whole.replace(/\n$/, '').split('\n');
      const pipeline = { ...routed([]) };
      pipeline.route = { ...pipeline.route!, encoding };
      const { entries } = await readThrough(worker, [pipeline], file, bytes.length, at, { format: 'auto' });
      assert.deepEqual(
        entries.map(({ line }) => Buffer.from(line, 'latin1').toString()),
        expected,
      );
      // The slices of a hot file begin anywhere.
      const ends = [0, ...at.map((one) => Math.min(one, bytes.length)).sort((a, b) => a - b), bytes.length];
      const slices = ends.slice(1).map((to, i) => sliceOf(file.fd, ends[i]!, to, { aligned: i === 0, final: true }));
      const job = await runJob({ spec: pipeline, slices, only: null }, worker);
      assert.deepEqual(
        pushed(job).map(({ line }) => Buffer.from(line, 'latin1').toString()),
        expected,
      );
    });
    await fc.assert(property, { numRuns: 800 });
  });

  test('is read from the first line that begins at or after any byte', async () => {
    const worker = smallWorker(4096);
    for (const encoding of ['utf-16le', 'utf-16be']) {
      for (const length of [28, 29, 30, 31]) {
        const bytes = encode(`${'x'.repeat(length)}\ny\n`, encoding);
        file.set(bytes);
        const pipeline = routed([]);
        pipeline.route = { ...pipeline.route!, encoding };
        for (let from = 1; from <= bytes.length; from++) {
          const slices = [sliceOf(file.fd, from, bytes.length, { aligned: false })];
          const job = await runJob({ spec: pipeline, slices, only: null }, worker);
          const second = 2 * (length + 1);
          assert.deepEqual(
            pushed(job).map(({ line }) => line),
            from <= second ? ['y'] : [],
            `${encoding} ${length} ${from}`,
          );
          assert.equal(job.slices[0]!.first, from <= second ? second : bytes.length);
        }
      }
    }
  });

  test('has lines that are too long cut like others', async () => {
    const worker = smallWorker(64);
    const bytes = encode(`${'x'.repeat(500)}\nnext\n`, 'utf-16le');
    file.set(bytes);
    const pipeline = routed([], { maxLineBytes: 64 });
    pipeline.route = { ...pipeline.route!, encoding: 'utf-16le' };
    const { entries } = await readThrough(worker, [pipeline], file, bytes.length, [20, 301, 700]);
    assert.deepEqual(
      entries.map(({ line }) => line),
      [`${'x'.repeat(58)} [cut]`, 'next'],
    );
  });
});

describe('a block of lines', () => {
  test('that is longer than an entry may be goes on in the next one, wherever the file is cut', async () => {
    const worker = smallWorker(64);
    const lines = ['first', ...Array.from({ length: 30 }, (_, i) => ` ${i} ${'ü'.repeat(i % 9)}`), 'second'];
    file.set(lines.map((text) => `${text}\n`).join(''));
    const bytes = Buffer.byteLength(lines.join('\n')) + 1;
    const pipeline = routed([{ multiline: { firstline: '^\\S', maxLines: 0 } }], { maxLineBytes: 64 });
    const whole = await readThrough(worker, [pipeline], file, bytes, []);
    assert.equal(whole.entries.map(({ line }) => line).join('\n'), Buffer.from(lines.join('\n')).toString('latin1'));
    assert.ok(whole.entries.length > 4 && whole.entries.every(({ line }) => line.length <= 64));
    const cut = await readThrough(worker, [pipeline], file, bytes, [10, 50, 51, 100, 130, 200]);
    assert.deepEqual(cut.entries, whole.entries);
  });
});

describe('a job of a route', () => {
  const line = (text: string) => `2026-08-01T12:00:00.5Z stdout F ${text}\n`;
  const worker = smallWorker(4096);

  test('becomes one push for each tenant; only one of them when only one is wanted', async () => {
    file.set(line('x') + line('yy') + line('x'));
    const pipeline = routed([
      { cri: {} },
      { match: { selector: '{stream="stdout"} |= "y"', stages: [{ tenant: { value: 'other' } }] } },
    ]);
    const slices = [sliceOf(file.fd, 0, 1000)];
    const job = await runJob({ spec: pipeline, slices, only: null }, worker);
    const told = job.pushes.map(({ tenant, entries, encodedBytes }) => [tenant, entries, encodedBytes > 20]);
    assert.deepEqual(told, [
      ['', 2, true],
      ['other', 1, true],
    ]);
    assert.equal(job.slices[0]!.entries, 3);
    for (const push of job.pushes) {
      const again = await runJob({ spec: pipeline, slices, only: { tenant: push.tenant, streams: null } }, worker);
      assert.deepEqual(again.pushes, [push]);
      assert.deepEqual(again.slices, job.slices);
      assert.deepEqual(again.delta, job.delta);
    }
    assert.deepEqual(
      (await runJob({ spec: pipeline, slices, only: { tenant: 'none', streams: null } }, worker)).pushes,
      [],
    );
  });

  test('becomes several pushes where the streams are too many for one; only one of them when only one is wanted', async () => {
    file.set(['a', 'b', 'c', 'a', 'd', 'e', 'b'].map((text, i) => line(`app=${text} n=${i}`)).join(''));
    const stages = [{ cri: {} }, { logfmt: { mapping: { app: '', n: '' } } }, { labels: { values: { app: '' } } }];
    const tenants = { match: { selector: '{app="c"}', stages: [{ tenant: { value: 'other' } }] } };
    const pipeline = routed([...stages, tenants], { maxStreams: 2 });
    const slices = [sliceOf(file.fd, 0, 1000), sliceOf(file.fd, 0, 1000, { path: '/of/another.log' })];
    const job = await runJob({ spec: pipeline, slices, only: null }, worker);
    const told = job.pushes.map((push) => [push.tenant, push.entries, push.streams?.length ?? null]);
    assert.deepEqual(told, [
      ['', 4, 2],
      ['', 2, 2],
      ['', 4, 2],
      ['', 2, 2],
      ['other', 2, null],
    ]);
    const whole = await runJob({ spec: routed([...stages, tenants]), slices, only: null }, worker);
    assert.deepEqual(pushed(job), pushed(whole));
    for (const push of job.pushes) {
      const { tenant, streams } = push;
      const again = await runJob({ spec: pipeline, slices, only: { tenant, streams } }, worker);
      assert.deepEqual(again.pushes, [push]);
      assert.deepEqual(again.slices, job.slices);
      // Cut smaller, it is the same entries.
      const cuts = [0, 60, 120, 1000];
      const entries: Pushed[] = [];
      for (const { path } of slices) {
        let [from, carry]: [number, Uint8Array | null] = [0, null];
        for (const to of cuts.slice(1)) {
          const slice = sliceOf(file.fd, from, to, { path, carry });
          const part = await runJob({ spec: pipeline, slices: [slice], only: { tenant, streams } }, worker);
          entries.push(...pushed(part));
          [from, carry] = [part.slices[0]!.next, part.slices[0]!.carry];
        }
      }
      assert.deepEqual(byStream(entries), byStream(pushed({ ...job, pushes: [push] })));
    }
  });

  test('has paths of several tenants and tracks in one push each', async () => {
    file.set(line('x'));
    const pipeline = routed([
      { match: { selector: '{filename=~".*/a/.*"}', stages: [{ tenant: { value: 'a' } }] } },
      { match: { selector: '{filename=~".*/look/.*"}', stages: [LOOK] } },
    ]);
    const paths = ['/a/1.log', '/b/1.log', '/a/look/1.log', '/b/look/1.log', '/a/2.log'];
    const slices = paths.map((path) => sliceOf(file.fd, 0, 1000, { path }));
    const job = await runJob({ spec: pipeline, slices, only: null }, worker);
    const seen = pushed(job).map(({ tenant, labels }) => [tenant, labels.filename]);
    assert.deepEqual(seen, [
      ['', '/b/1.log'],
      ['', '/b/look/1.log'],
      ['a', '/a/1.log'],
      ['a', '/a/2.log'],
      ['a', '/a/look/1.log'],
    ]);
    assert.deepEqual(job.pushes.map(({ tenant, entries }) => [tenant, entries]).sort(), [
      ['', 2],
      ['a', 3],
    ]);
  });

  test('writes no structured metadata where none is taken', async () => {
    file.set(line('x'));
    for (const stages of [
      [{ structured_metadata: { values: { file: 'filename' } } }],
      [LOOK, { structured_metadata: { values: { file: 'filename' } } }],
    ]) {
      for (const withoutMetadata of [false, true]) {
        const job = { spec: routed(stages, { withoutMetadata }), slices: [sliceOf(file.fd, 0, 1000)], only: null };
        const [entry] = pushed(await runJob(job, worker));
        assert.deepEqual(Object.keys(entry!.metadata), withoutMetadata ? [] : ['file']);
      }
    }
  });

  test('takes back what a slice has brought and counted that could not be read to its end', async () => {
    const pipeline = routed([
      { metrics: { metrics: [{ type: 'counter', name: 'c', action: 'inc', matchAll: true }] } },
      { drop: { expression: 'gone' } },
    ]);
    file.set(line('x') + line('gone'));
    const folder = openSync(file.folder, 'r');
    const broken = openDamagedGzip(file.folder, Buffer.from(`${line('lost')}${line('gone')}`.repeat(9000)));
    const slices = [
      sliceOf(file.fd, 0, 1000),
      sliceOf(folder, 0, 1000),
      { ...sliceOf(0, 0, 900_000), source: { kind: 'gzip' as const, fd: broken } },
      sliceOf(file.fd, 0, 1000),
    ];
    const roomy = new WorkerState({ batchBytes: 1 << 20, maxLineBytes: 4096 });
    const job = await runJob({ spec: pipeline, slices, only: null }, roomy);
    closeSync(folder);
    closeSync(broken);
    assert.deepEqual(
      job.slices.map(({ outcome }) => outcome),
      ['read', 'unreadable', 'unreadable', 'read'],
    );
    assert.deepEqual(
      pushed(job).map(({ line: text }) => text.slice(-1)),
      ['x', 'x'],
    );
    assert.equal(job.pushes[0]!.entries, 2);
    assert.deepEqual(
      job.delta!.counters.map(({ add }) => add),
      [2],
    );
    assert.deepEqual(
      job.delta!.metrics.map(({ series }) => series.map(({ add }) => add)),
      [[4]],
    );
  });

  test('ends early where a limit asks to wait', async () => {
    const text = line('x');
    file.set(text.repeat(10));
    const pipeline = routed([{ limit: { rate: 1, burst: 3 } }]);
    const slices = [sliceOf(file.fd, 0, 1000), sliceOf(file.fd, 0, 1000)];
    const { waitMs, slices: results, pushes } = await runJob({ spec: pipeline, slices, only: null }, worker);
    assert.ok(waitMs > 500 && waitMs <= 1000, `${waitMs}`);
    assert.deepEqual(
      results.map(({ full, next, entries }) => [full, next, entries]),
      [
        [true, 4 * text.length, 4],
        [true, 0, 0],
      ],
    );
    assert.equal(pushes[0]!.entries, 4);
  });

  test('run again comes to the same bytes', async () => {
    file.set(Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? `raw ${i}\n` : line(`${i}`))).join(''));
    for (const stages of [
      [],
      [{ cri: {} }],
      [{ cri: {} }, { sampling: { rate: 0.5 } }],
      [{ sampling: { rate: 0.5 } }],
    ]) {
      const job = { spec: routed(stages), slices: [sliceOf(file.fd, 0, 5000)], only: null };
      const first = await runJob(job, worker);
      await runJob({ ...job, spec: routed([LOOK]) }, worker);
      assert.deepEqual(await runJob(job, worker), first);
      assert.deepEqual(await runJob(job, smallWorker(4096)), first);
    }
  });
});
