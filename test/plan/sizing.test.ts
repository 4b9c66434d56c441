import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Limits } from '../../src/plan/limits.js';
import { deriveBudget, explain, type SizingConfig } from '../../src/plan/sizing.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

const DEFAULTS: SizingConfig = { workers: null, memoryLimitBytes: null, batchBytes: MIB, maxLineBytes: 256 * KIB };
const HOST = { cores: 16, memoryBytes: 64 * GIB };

function limits(cpus: number | null, memoryBytes: number | null): Limits {
  return { cpus, memoryBytes, because: { cpus: 'cpu.max', memoryBytes: 'memory.max' } };
}

const anyConfig = fc.record({
  workers: fc.option(fc.integer({ min: 1, max: 64 })),
  memoryLimitBytes: fc.option(fc.integer({ min: MIB, max: 8 * GIB })),
  batchBytes: fc.integer({ min: KIB, max: 32 * MIB }),
  maxLineBytes: fc.integer({ min: KIB, max: 4 * MIB }),
});
const anyLimits = fc
  .tuple(fc.option(fc.double({ min: 0.01, max: 128, noNaN: true })), fc.option(fc.integer({ min: MIB, max: 64 * GIB })))
  .map(([cpus, memoryBytes]) => limits(cpus, memoryBytes));
const anyHost = fc.record({
  cores: fc.integer({ min: 1, max: 256 }),
  memoryBytes: fc.integer({ min: 256 * MIB, max: 512 * GIB }),
});

describe('sizing', () => {
  it('gives one worker to half a core and plans under 100 MiB for it', () => {
    const budget = deriveBudget(DEFAULTS, limits(0.5, 512 * MIB), HOST);
    assert.equal(budget.workers, 1);
    assert.equal(budget.pushBudgetBytes, 8 * MIB);
    assert.ok(budget.plannedBytes < 100 * MIB, `${budget.plannedBytes / MIB} MiB`);
    assert.equal(budget.shortBytes, 0);
  });

  it('gives a worker to each whole core, at most eight', () => {
    const workers = [0.1, 1, 1.9, 2, 3.5, 8, 15].map(
      (cpus) => deriveBudget(DEFAULTS, limits(cpus, null), HOST).workers,
    );
    assert.deepEqual(workers, [1, 1, 1, 2, 3, 8, 8]);
    assert.equal(deriveBudget(DEFAULTS, limits(null, null), { ...HOST, cores: 4 }).workers, 4);
    assert.equal(deriveBudget(DEFAULTS, limits(64, null), { ...HOST, cores: 4 }).workers, 4);
  });

  it('takes fewer workers where memory has no room for them, and says so', () => {
    const budget = deriveBudget(DEFAULTS, limits(8, 160 * MIB), HOST);
    assert.ok(budget.workers >= 1 && budget.workers < 8);
    assert.match(budget.because.workers, /memory/);
    assert.equal(budget.shortBytes, 0);
  });

  it('keeps the number of workers that was asked for', () => {
    assert.equal(deriveBudget({ ...DEFAULTS, workers: 12 }, limits(0.5, 128 * MIB), HOST).workers, 12);
  });

  it('fits into 128 MiB, and says by how much 64 MiB are too few', () => {
    assert.equal(deriveBudget(DEFAULTS, limits(0.5, 128 * MIB), HOST).shortBytes, 0);
    const { shortBytes, plannedBytes } = deriveBudget(DEFAULTS, limits(0.5, 64 * MIB), HOST);
    assert.equal(shortBytes, plannedBytes - 64 * MIB);
    assert.ok(shortBytes > 0);
  });

  it('derives from the least of setting, cgroup and machine', () => {
    const because = (setting: number | null, cgroup: number | null): string =>
      deriveBudget({ ...DEFAULTS, memoryLimitBytes: setting }, limits(null, cgroup), HOST).because.memoryBytes;
    assert.equal(because(null, null), 'memory of this machine');
    assert.equal(because(null, GIB), 'memory.max');
    assert.equal(because(GIB / 2, GIB), 'SLEIPNIR_MEMORY_LIMIT');
    assert.equal(because(2 * GIB, GIB), 'memory.max');
  });

  it('never plans for more than the memory, but where even the least does not fit', () => {
    fc.assert(
      fc.property(anyConfig, anyLimits, anyHost, (config, limited, host) => {
        const budget = deriveBudget(config, limited, host);
        assert.ok(budget.plannedBytes <= budget.memoryBytes + budget.shortBytes);
        assert.ok(budget.memoryBytes <= (limited.memoryBytes ?? Number.POSITIVE_INFINITY));
        assert.ok(budget.workers >= 1);
        const oneJobBytes = config.batchBytes + config.maxLineBytes;
        assert.ok(budget.pushBudgetBytes >= 2 * budget.workers * oneJobBytes, 'room for two jobs a worker');
        if (budget.shortBytes > 0 && config.workers === null) assert.equal(budget.workers, 1);
      }),
    );
  });

  it('never gives less for more memory or more cores', () => {
    fc.assert(
      fc.property(
        anyConfig,
        anyHost,
        fc.integer({ min: MIB, max: 4 * GIB }),
        fc.integer({ min: 0, max: GIB }),
        fc.double({ min: 0.1, max: 64, noNaN: true }),
        fc.double({ min: 0, max: 8, noNaN: true }),
        (config, host, memoryBytes, moreBytes, cpus, moreCpus) => {
          const less = deriveBudget(config, limits(cpus, memoryBytes), host);
          const moreMemory = deriveBudget(config, limits(cpus, memoryBytes + moreBytes), host);
          assert.ok(moreMemory.workers >= less.workers);
          assert.ok(moreMemory.plannedBytes >= less.plannedBytes);
          assert.ok(moreMemory.workerOldSpaceMiB >= less.workerOldSpaceMiB);
          assert.ok(moreMemory.shortBytes <= less.shortBytes);
          assert.ok(deriveBudget(config, limits(cpus + moreCpus, memoryBytes), host).workers >= less.workers);
        },
      ),
    );
  });

  it('explains each size with a reason', () => {
    const rows = explain(deriveBudget(DEFAULTS, limits(0.5, 512 * MIB), HOST), 259 * MIB);
    assert.deepEqual(
      rows.map(({ name, value }) => [name, value]),
      [
        ['workers', '1'],
        ['memory', '512 MiB'],
        ['push budget', '8 MiB'],
        ['planned peak', '91 MiB'],
        ['main heap', '259 MiB'],
        ['worker heap', '32 MiB'],
      ],
    );
    for (const { because } of rows) assert.ok(because.length > 5);
  });
});
