import assert from 'node:assert/strict';
import { after, afterEach, describe, it, mock } from 'node:test';
import { figuresLine, figuresOf, startFigures } from '../../src/telemetry/figures.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { keptLog, SNAPSHOT } from './sink.js';

const metrics = createMetrics(() => SNAPSHOT);

describe('figures', () => {
  after(() => metrics.stop());
  afterEach(() => mock.timers.reset());

  it('joins totals, state and process', () => {
    metrics.totals.linesRead = 5;
    const figures = figuresOf(metrics);
    assert.equal(figures.linesRead, 5);
    assert.equal(figures.lagSeconds, 14.5);
    assert.ok(figures.rssBytes > 2 ** 20 && figures.cpuSeconds > 0 && figures.uptimeSeconds > 0);
  });

  it('does without the memory where no descriptor is left to ask for it', (t) => {
    t.mock.method(process.memoryUsage, 'rss', () => {
      throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    });
    assert.equal(figuresOf(metrics).rssBytes, 0);
  });

  it('shows what was done since, how things stand, and trouble only when there is some', () => {
    const before = { ...figuresOf(metrics), uptimeSeconds: 100, cpuSeconds: 10 };
    const now = {
      ...before,
      uptimeSeconds: 160,
      cpuSeconds: 13,
      rssBytes: 90 * 2 ** 20,
      linesRead: before.linesRead + 600,
      bytesRead: before.bytesRead + 6000,
      entriesStored: before.entriesStored + 590,
      pushes: before.pushes + 4,
      pushBytes: before.pushBytes + 700,
      pushRetries: before.pushRetries + 1,
      lagSeconds: 0.44,
      unreadBytes: 77,
    };
    const line = {
      seconds: 60,
      lines: 600,
      bytes: 6000,
      entriesStored: 590,
      lagSeconds: 0.4,
      unreadBytes: 77,
      pushes: 4,
      pushBytes: 700,
      retries: 1,
      containerLogs: 11,
      cpuPercent: 5,
      rssMiB: 90,
    };
    assert.deepEqual(figuresLine(before, now), line);
    assert.deepEqual(figuresLine(before, { ...now, bytesLost: before.bytesLost + 3 }), { ...line, bytesLost: 3 });
  });

  it('writes one line a minute of that minute, and a last one when stopped', async () => {
    const { log, lines } = await keptLog();
    const flushes: boolean[] = [];
    mock.timers.enable({ apis: ['setInterval'] });
    const figures = startFigures(log, metrics, (everything) => flushes.push(everything));
    metrics.totals.linesRead += 3;
    mock.timers.tick(60_000);
    metrics.totals.linesRead += 4;
    mock.timers.tick(59_999);
    assert.equal(lines.length, 1);
    figures.stop();
    mock.timers.tick(120_000);
    assert.deepEqual(
      lines.map((line) => line.lines),
      [3, 4],
    );
    assert.deepEqual(flushes, [false, true]);
  });
});
