import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodClock } from '../../../bench/node/clock.js';
import { type LineOptions, LinePool, PART_BYTES } from '../../../bench/node/lines.js';
import type { Style } from '../../../bench/node/shapes.js';
import { type CriLine, parseCri, seqsOf, sortable, upTo } from './readback.js';

const NATURAL: LineOptions = { seed: 3, lineBytes: 0, longLineEvery: 20 };

interface Rendered {
  lines: CriLine[];
  counted: { lines: number; physicalLines: number; contentBytes: number };
}

function render(options: LineOptions, physicalLines: number, style: Style = 'mixed', linesAtOnce = 7): Rendered {
  const pool = new LinePool(options);
  const cursor = pool.cursor('default/a/b', style);
  const clock = new PodClock();
  const blocks: Buffer[] = [];
  while (cursor.physicalLines < physicalLines || pool.isOpen(cursor)) {
    const end = pool.render(cursor, clock, pool.isOpen(cursor) ? 1 : linesAtOnce);
    blocks.push(Buffer.from(pool.buffer.subarray(pool.blockStart, end)));
  }
  return { lines: parseCri(Buffer.concat(blocks)), counted: cursor };
}

/** Joins parts for each stream on its own, as a collector must. */
function join(lines: CriLine[]): string[] {
  const open = new Map<string, string>();
  return lines.flatMap(({ stream, tag, content }) => {
    const joined = (open.get(stream) ?? '') + content;
    open.set(stream, tag === 'P' ? joined : '');
    return tag === 'P' ? [] : [joined];
  });
}

test('running numbers go up by one, in every shape, and what is counted is what is there', () => {
  for (const style of ['access', 'json', 'logfmt', 'java', 'mixed'] as const) {
    const { lines, counted } = render({ ...NATURAL, longLineEvery: 60 }, 1000, style);
    assert.deepEqual(seqsOf(lines), upTo(counted.lines), style);
    assert.equal(join(lines).length, counted.lines);
    assert.equal(lines.length, counted.physicalLines);
    const contentBytes = lines.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
    assert.equal(contentBytes, counted.contentBytes);
  }
});

test('timestamps are strictly increasing', () => {
  const times = render({ ...NATURAL, longLineEvery: 200 }, 5000).lines.map(({ timestamp }) => sortable(timestamp));
  for (let i = 1; i < times.length; i++) assert.ok(times[i]! > times[i - 1]!);
});

test('long lines are split as containerd does: full P parts, then an F part that is neither empty nor longer', () => {
  const { lines } = render(NATURAL, 4000);
  const parts = lines.filter(({ tag }) => tag === 'P');
  assert.ok(parts.length > 50);
  for (const { content } of parts) assert.equal(Buffer.byteLength(content), PART_BYTES);
  const rests = lines.filter(({ tag }) => tag === 'F').map(({ content }) => Buffer.byteLength(content));
  assert.ok(rests.every((bytes) => bytes > 0 && bytes <= PART_BYTES));
  assert.ok(rests.includes(1) && rests.includes(PART_BYTES), 'both edges occur');
  const bodies = join(lines).filter((content) => content.length > PART_BYTES);
  for (const body of bodies) assert.equal(JSON.parse(body).msg, 'request body');
  assert.ok(
    lines.some(({ tag }, i) => tag === 'P' && lines[i + 1]!.stream === 'stderr'),
    'the other stream gets in between',
  );
});

test('JSON lines are JSON with a number, stack traces have several lines, some on stderr', () => {
  const json = render({ ...NATURAL, longLineEvery: 0 }, 300, 'json').lines;
  assert.deepEqual(
    json.map(({ content }) => JSON.parse(content).seq),
    upTo(json.length),
  );
  const java = render({ ...NATURAL, longLineEvery: 0 }, 3000, 'java').lines;
  const frames = java.filter(({ content }) => content.startsWith('\tat '));
  assert.ok(frames.length > 20);
  assert.ok(frames.some(({ stream }) => stream === 'stderr') && frames.some(({ stream }) => stream === 'stdout'));
});

test('the seed gives the bodies, whatever is rendered at once', () => {
  const contents = (rendered: Rendered) => rendered.lines.slice(0, 900).map(({ content }) => content);
  const first = contents(render(NATURAL, 1000));
  assert.deepEqual(contents(render(NATURAL, 1000, 'mixed', 1)), first);
  assert.notDeepEqual(contents(render({ ...NATURAL, seed: 4 }, 1000)), first);
});

test('a fixed line length is kept to the byte, parts included', () => {
  for (const lineBytes of [13, 40, 150, 3 * PART_BYTES]) {
    const { lines, counted } = render({ seed: 1, lineBytes, longLineEvery: 10 }, 60);
    assert.ok(join(lines).every((content) => Buffer.byteLength(content) === lineBytes));
    assert.deepEqual(seqsOf(lines), upTo(counted.lines));
  }
});

test('a line too short for its number is refused', () => {
  assert.throws(() => new LinePool({ seed: 1, lineBytes: 12, longLineEvery: 0 }), { code: 'BENCH_LINE_BYTES' });
});

test('a natural line takes about 190 bytes with its head', () => {
  const { lines, counted } = render({ ...NATURAL, longLineEvery: 5000 }, 30_000);
  const head = '2026-11-22T11:39:05.123456789Z stdout F \n'.length;
  const mean = counted.contentBytes / lines.length + head;
  assert.ok(mean > 170 && mean < 210, `${mean} bytes`);
});
