import type { Cursor, PositionRecord } from '../../src/checkpoint/record.js';

/** A record of container log number `log` that tells by its offset which version it is. */
export function sample(log: number, version: number): PositionRecord {
  const cursor: Cursor = {
    dev: '2050',
    ino: String(9007199254740993n + BigInt(log)),
    name: '0.log',
    head: { bytes: 1024, hash: '0123456789abcdef' },
    tail: null,
    offset: version,
    size: version + 1,
    format: 'cri',
    carry: version % 3 === 0 ? Uint8Array.of(0, 10, 255, version % 256) : null,
  };
  return { log: samplePath(log), cursors: [cursor] };
}

export function samplePath(log: number): string {
  return `/var/log/pods/default_web-${log}_5f3c/app/0.log`;
}

export function versionOf(record: PositionRecord | undefined): number | null {
  return record?.cursors[0]?.offset ?? null;
}
