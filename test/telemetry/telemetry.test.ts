import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CollectorEvents, JobFigures } from '../../src/telemetry/events.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { createTelemetry } from '../../src/telemetry/telemetry.js';
import { noEvents } from './no-events.js';
import { keptLog, manualClock, SNAPSHOT } from './sink.js';

const FIGURES: JobFigures = {
  entries: 9,
  lines: 10,
  heldLines: 4,
  releasedEntries: 5,
  dropped: [['drop_stage', 2]],
  bytes: 1000,
  malformedLines: 3,
  cutEntries: 2,
  cutBytes: 50,
  flushedEntries: 1,
};
const RETRY = { reason: '5xx', message: 'busy', waitMs: 500 };
const STORED = { entries: 1, bytes: 1 };
const PROBLEM = { code: 'SOME_CODE', message: 'it went wrong', advice: 'do this' };

async function setUp() {
  const { log, lines } = await keptLog();
  const metrics = createMetrics(() => SNAPSHOT);
  metrics.stop();
  const clock = manualClock();
  return { telemetry: createTelemetry(log, metrics, clock.nowMs), metrics, lines, clock };
}

describe('telemetry', () => {
  it('counts what was read, stored, retried, refused and lost', async () => {
    const { telemetry, metrics } = await setUp();
    telemetry.jobFinished(FIGURES);
    telemetry.jobFinished(FIGURES);
    for (const status of [204, 400, 503, 'ECONNREFUSED']) telemetry.pushAnswered({ status, bytes: 100, seconds: 0.1 });
    telemetry.entriesStored({ entries: 10, bytes: 100 });
    telemetry.entriesStored({ entries: 4, bytes: 100 });
    telemetry.pushRetried(RETRY);
    telemetry.pushRetried({ ...RETRY, reason: 'network' });
    telemetry.entriesRefused({ reason: 'line_too_long', message: 'Max entry size', entries: 6 });
    telemetry.entriesMissed({ entries: 3 });
    telemetry.entriesMissed({ entries: -1 });
    telemetry.entriesRecalled({ entries: 7 });
    telemetry.bytesLost({ reason: 'deleted', namespace: 'n', pod: 'p', bytes: 9, lines: 2, files: 1 });
    telemetry.fileOpened('/a');
    telemetry.scanFinished({ files: 1, ms: 1 });
    telemetry.positionsStored({ ms: 1 });
    assert.deepEqual(metrics.totals, {
      linesRead: 20,
      entriesRead: 19,
      linesHeld: 8,
      entriesReleased: 11,
      entriesDropped: 4,
      entriesMissed: 3,
      entriesRecalled: 7,
      bytesRead: 2000,
      linesMalformed: 6,
      entriesCut: 4,
      bytesCut: 100,
      entriesFlushed: 2,
      entriesStored: 14,
      pushBytes: 400,
      pushBytesStored: 200,
      pushes: 4,
      pushRetries: 2,
      entriesRefused: 6,
      bytesLost: 9,
      linesLost: 2,
      filesLost: 1,
      filesOpened: 1,
      scans: 1,
      pathsUnmatched: 0,
      positionsStored: 1,
    });
    const text = await metrics.registry.metrics();
    for (const series of [
      'sleipnir_pushes_total{status="204"} 1',
      'sleipnir_pushes_total{status="400"} 1',
      'sleipnir_pushes_total{status="503"} 1',
      'sleipnir_pushes_total{status="ECONNREFUSED"} 1',
      'sleipnir_push_retries_total{reason="network"} 1',
      'sleipnir_entries_refused_total{reason="line_too_long"} 6',
      'sleipnir_entries_dropped_total{reason="drop_stage"} 4',
    ])
      assert.ok(text.includes(`${series}\n`), series);
  });

  it('writes nothing above debug while all is well', async () => {
    const { telemetry, lines } = await setUp();
    telemetry.logFound('/a');
    telemetry.fileOpened('/a');
    telemetry.jobFinished({ ...FIGURES, malformedLines: 0 });
    telemetry.pushAnswered({ status: 204, bytes: 1, seconds: 0 });
    telemetry.entriesStored(STORED);
    telemetry.logForgotten('/a');
    telemetry.scanFinished({ files: 1, ms: 1 });
    telemetry.positionsStored({ ms: 1 });
    assert.ok(lines.length > 0);
    assert.deepEqual(
      lines.filter(({ level }) => level !== 'debug' && level !== 'trace'),
      [],
    );
  });

  it('says once that pushes fail, once a minute how often, and when they go through again', async () => {
    const { telemetry, lines, clock } = await setUp();
    for (let i = 0; i < 100; i++) {
      telemetry.pushRetried(RETRY);
      clock.pass(1000);
    }
    assert.deepEqual(
      lines.map(({ level, code, times }) => [level, code, times]),
      [
        ['warn', 'PUSH_FAILED', 1],
        ['warn', 'PUSH_FAILED', 60],
      ],
    );
    telemetry.entriesStored(STORED);
    telemetry.entriesStored(STORED);
    assert.equal(lines.length, 3);
    const last = lines[2];
    assert.deepEqual([last?.level, last?.retries, last?.seconds], ['info', 100, 100]);
  });

  it('does not flood when every other push fails', async () => {
    const { telemetry, lines } = await setUp();
    for (let i = 0; i < 100; i++) {
      telemetry.pushRetried(RETRY);
      telemetry.entriesStored(STORED);
    }
    assert.equal(lines.length, 1);
  });

  it('writes a problem with its advice once a minute for each code', async () => {
    const { telemetry, lines, clock } = await setUp();
    for (let i = 0; i < 10; i++) telemetry.problemFound(PROBLEM);
    telemetry.problemFound({ ...PROBLEM, code: 'OTHER_CODE' });
    clock.pass(60_000);
    telemetry.flush();
    assert.deepEqual(
      lines.map(({ code, times, advice, msg }) => [code, times, advice, msg]),
      [
        ['SOME_CODE', 1, 'do this', 'it went wrong'],
        ['OTHER_CODE', 1, 'do this', 'it went wrong'],
        ['SOME_CODE', 9, 'do this', 'it went wrong'],
      ],
    );
  });

  it('sums losses over a minute and names the pods that lost most', async () => {
    const { telemetry, lines, clock } = await setUp();
    telemetry.bytesLost({ reason: 'spool_full', namespace: 'n', pod: 'first', bytes: 1, lines: 1, files: 0 });
    for (let pod = 0; pod < 30; pod++)
      for (let i = 0; i < 2; i++)
        telemetry.bytesLost({ reason: 'spool_full', namespace: 'n', pod: `p${pod}`, bytes: pod, lines: 1, files: 2 });
    assert.equal(lines.length, 1);
    clock.pass(60_000);
    telemetry.flush();
    const line = lines[1] as { level: string; pods: object[] } & Record<
      'bytes' | 'lines' | 'files' | 'morePods',
      number
    >;
    const { level, bytes, lines: lostLines, files, pods, morePods } = line;
    assert.deepEqual([level, bytes, lostLines, files, pods.length, morePods], ['error', 870, 60, 120, 10, 20]);
    assert.deepEqual(line.pods[0], { reason: 'spool_full', namespace: 'n', pod: 'p29', bytes: 58, lines: 2, files: 4 });
  });

  it('says at once, in one line, all that a start did not find any more', async () => {
    const { telemetry, lines, metrics } = await setUp();
    const gone = { reason: 'gone_while_down', namespace: 'n', lines: 0, files: 0 };
    telemetry.bytesLost({ ...gone, pod: 'other', bytes: 7 });
    telemetry.goneWhileDown([
      { ...gone, pod: 'a', container: 'x', bytes: 1 },
      { ...gone, pod: 'b', bytes: 4 },
      { ...gone, pod: 'a', container: 'y', bytes: 3 },
      { ...gone, pod: 'a', container: 'x', bytes: 1 },
    ]);
    const [, { code, bytes, times, pods } = {}] = lines;
    assert.deepEqual([lines.length, code, bytes, times], [2, 'LOGS_LOST', 9, 4]);
    assert.deepEqual(pods, [
      { ...gone, pod: 'b', bytes: 4 },
      { ...gone, pod: 'a', container: 'y', bytes: 3 },
      { ...gone, pod: 'a', container: 'x', bytes: 2 },
    ]);
    assert.equal(metrics.totals.bytesLost, 16);
  });

  it('warns of an unmatched path once, however often it is reported', async () => {
    const { telemetry, lines, metrics } = await setUp();
    for (let i = 0; i < 5; i++) telemetry.pathUnmatched('/odd');
    assert.equal(metrics.totals.pathsUnmatched, 1);
    telemetry.pathUnmatched('/odd2');
    assert.equal(metrics.totals.pathsUnmatched, 2);
    assert.equal(lines.length, 1);
    telemetry.logForgotten('/odd');
    telemetry.pathUnmatched('/odd');
    assert.equal(metrics.totals.pathsUnmatched, 3);
  });

  it('cuts what it quotes of foreign answers', async () => {
    const { telemetry, lines } = await setUp();
    const message = 'x'.repeat(100_000);
    telemetry.pushRetried({ ...RETRY, message });
    telemetry.entriesRefused({ reason: 'other', message, entries: 1 });
    telemetry.pushRefused({ kind: 'smaller', message });
    telemetry.problemFound({ ...PROBLEM, message });
    assert.equal(lines.length, 4);
    for (const line of lines) assert.ok(JSON.stringify(line).length < 1000);
  });

  it('has a silent twin with the same methods', async () => {
    const { telemetry } = await setUp();
    const { flush: _, ...events }: CollectorEvents & { flush: unknown } = telemetry;
    assert.deepEqual(Object.keys(noEvents).sort(), Object.keys(events).sort());
  });
});
