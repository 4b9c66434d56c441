import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { readLimits } from '../../src/plan/limits.js';

const MIB = 2 ** 20;
const V2_MOUNT = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate';
const V1_MOUNTS = [
  '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
  '34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset',
  '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
].join('\n');
const V1_UNLIMITED = '9223372036854771712';

const made: string[] = [];

/** A folder that stands for `/`, with these files. */
function tree(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'sleipnir-limits-'));
  made.push(root);
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${content}\n`);
  }
  return root;
}

function limitsOf(files: Record<string, string>): { cpus: number | null; memoryBytes: number | null } {
  const { cpus, memoryBytes } = readLimits(tree(files));
  return { cpus, memoryBytes };
}

describe('limits', () => {
  afterEach(() => {
    for (const root of made.splice(0)) rmSync(root, { recursive: true });
  });

  it('reads version 2 in a container, where its own cgroup is the root of the mount', () => {
    const root = tree({
      'proc/self/mountinfo': V2_MOUNT,
      'proc/self/cgroup': '0::/',
      'sys/fs/cgroup/cpu.max': '50000 100000',
      'sys/fs/cgroup/memory.max': String(512 * MIB),
      'sys/fs/cgroup/memory.high': 'max',
    });
    const { because, ...limits } = readLimits(root);
    assert.deepEqual(limits, { cpus: 0.5, memoryBytes: 512 * MIB });
    assert.ok(because.cpus.endsWith('/sys/fs/cgroup/cpu.max'));
    assert.ok(because.memoryBytes.endsWith('/sys/fs/cgroup/memory.max'));
  });

  it('takes `max` for no limit', () => {
    assert.deepEqual(
      limitsOf({
        'proc/self/mountinfo': V2_MOUNT,
        'proc/self/cgroup': '0::/a',
        'sys/fs/cgroup/a/cpu.max': 'max 100000',
        'sys/fs/cgroup/a/memory.max': 'max',
        'sys/fs/cgroup/a/memory.high': 'max',
      }),
      { cpus: null, memoryBytes: null },
    );
  });

  it('takes memory.high when it is the lower one', () => {
    const files = { 'proc/self/mountinfo': V2_MOUNT, 'proc/self/cgroup': '0::/a' };
    const high = { 'sys/fs/cgroup/a/memory.max': String(MIB * 300), 'sys/fs/cgroup/a/memory.high': String(MIB * 200) };
    assert.equal(limitsOf({ ...files, ...high }).memoryBytes, 200 * MIB);
  });

  it('takes the tightest from its own cgroup up to the root, each limit for itself', () => {
    const root = tree({
      'proc/self/mountinfo': V2_MOUNT,
      'proc/self/cgroup': '0::/kubepods/pod1/container',
      'sys/fs/cgroup/kubepods/cpu.max': '800000 100000',
      'sys/fs/cgroup/kubepods/memory.max': String(256 * MIB),
      'sys/fs/cgroup/kubepods/pod1/cpu.max': '150000 100000',
      'sys/fs/cgroup/kubepods/pod1/memory.max': String(512 * MIB),
      'sys/fs/cgroup/kubepods/pod1/container/cpu.max': 'max 100000',
      'sys/fs/cgroup/kubepods/pod1/container/memory.max': '1073741824',
      'sys/fs/cgroup/kubepods/pod2/cpu.max': '1000 100000',
    });
    const { cpus, memoryBytes, because } = readLimits(root);
    assert.deepEqual([cpus, memoryBytes], [1.5, 256 * MIB]);
    assert.ok(because.cpus.endsWith('/kubepods/pod1/cpu.max'));
    assert.ok(because.memoryBytes.endsWith('/kubepods/memory.max'));
  });

  it('reads version 1, nested, each controller in its own hierarchy', () => {
    assert.deepEqual(
      limitsOf({
        'proc/self/mountinfo': V1_MOUNTS,
        'proc/self/cgroup': '4:memory:/jobs/one\n3:cpuset:/\n1:cpu,cpuacct:/slice\n0::/',
        'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1',
        'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000',
        'sys/fs/cgroup/cpu,cpuacct/slice/cpu.cfs_quota_us': '25000',
        'sys/fs/cgroup/cpu,cpuacct/slice/cpu.cfs_period_us': '50000',
        'sys/fs/cgroup/memory/memory.limit_in_bytes': V1_UNLIMITED,
        'sys/fs/cgroup/memory/jobs/memory.limit_in_bytes': String(128 * MIB),
        'sys/fs/cgroup/memory/jobs/one/memory.limit_in_bytes': V1_UNLIMITED,
      }),
      { cpus: 0.5, memoryBytes: 128 * MIB },
    );
  });

  it('takes the largest count of pages of version 1 for no limit', () => {
    assert.deepEqual(
      limitsOf({
        'proc/self/mountinfo': V1_MOUNTS,
        'proc/self/cgroup': '4:memory:/\n1:cpu,cpuacct:/',
        'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1',
        'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000',
        'sys/fs/cgroup/memory/memory.limit_in_bytes': V1_UNLIMITED,
      }),
      { cpus: null, memoryBytes: null },
    );
  });

  it('reads version 1 where the mount shows only the cgroup of the container', () => {
    const group = '/docker/abc';
    assert.deepEqual(
      limitsOf({
        'proc/self/mountinfo': [
          `32 31 0:29 ${group} /sys/fs/cgroup/cpu ro master:9 - cgroup cgroup rw,cpu`,
          `35 31 0:32 ${group} /sys/fs/cgroup/memory ro master:10 - cgroup cgroup rw,memory`,
        ].join('\n'),
        'proc/self/cgroup': `4:memory:${group}\n1:cpu:${group}/inner`,
        'sys/fs/cgroup/cpu/inner/cpu.cfs_quota_us': '200000',
        'sys/fs/cgroup/cpu/inner/cpu.cfs_period_us': '100000',
        'sys/fs/cgroup/memory/memory.limit_in_bytes': String(64 * MIB),
      }),
      { cpus: 2, memoryBytes: 64 * MIB },
    );
  });

  it('reads a mix of both versions', () => {
    assert.deepEqual(
      limitsOf({
        'proc/self/mountinfo': `${V1_MOUNTS}\n41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw`,
        'proc/self/cgroup': '4:memory:/a\n0::/a',
        'sys/fs/cgroup/memory/a/memory.limit_in_bytes': String(99 * MIB),
        'sys/fs/cgroup/unified/a/cpu.max': '300000 100000',
      }),
      { cpus: 3, memoryBytes: 99 * MIB },
    );
  });

  it('looks at the mount point alone when its cgroup lies outside the namespace', () => {
    assert.deepEqual(
      limitsOf({
        'proc/self/mountinfo': V2_MOUNT,
        'proc/self/cgroup': '0::/../other',
        'sys/fs/cgroup/cpu.max': '100000 100000',
        'sys/fs/cgroup/other/cpu.max': '1000 100000',
      }),
      { cpus: 1, memoryBytes: null },
    );
  });

  it('finds no limits where there are no cgroups, or nonsense in them', () => {
    assert.deepEqual(readLimits(tree({})), {
      cpus: null,
      memoryBytes: null,
      because: { cpus: 'the cgroup sets no CPU limit', memoryBytes: 'the cgroup sets no memory limit' },
    });
    assert.deepEqual(
      limitsOf({
        'proc/self/mountinfo': `${V2_MOUNT}\nnonsense\n- -`,
        'proc/self/cgroup': 'nonsense\n0::/',
        'sys/fs/cgroup/cpu.max': 'much 0',
        'sys/fs/cgroup/memory.max': '-7',
      }),
      { cpus: null, memoryBytes: null },
    );
  });

  it('reads what holds for this process without an error', () => {
    const { cpus, memoryBytes } = readLimits();
    assert.ok(cpus === null || cpus > 0);
    assert.ok(memoryBytes === null || memoryBytes > 0);
  });
});
