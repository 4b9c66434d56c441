import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { PushRequest } from '../../bench/receiver/push.js';
import { echo } from '../../workers/echo.js';
import { compress } from '../../workers/encode/compress.js';

const folder = mkdtempSync(join(tmpdir(), 'sleipnir-echo-'));
after(() => rmSync(folder, { recursive: true }));

interface Given {
  labels: string;
  entries: { seconds: number; nanos: number; line: string; metadata: [string, string][] }[];
}

function encoded(streams: Given[]): Buffer {
  const message = {
    streams: streams.map(({ labels, entries }) => ({
      labels,
      entries: entries.map(({ seconds, nanos, line, metadata }) => ({
        timestamp: { seconds, nanos },
        line: Buffer.from(line),
        structuredMetadata: metadata.map(([name, value]) => ({ name, value })),
      })),
    })),
  };
  return Buffer.from(PushRequest.encode(message).finish());
}

async function echoed(streams: Given[]): Promise<string> {
  const path = join(folder, 'out');
  const fd = openSync(path, 'w');
  await echo({ component: 'loki.echo.e', bytes: compress(encoded(streams)) }, fd);
  closeSync(fd);
  return readFileSync(path, 'utf8');
}

describe('echo', () => {
  test('writes one line of logfmt for each entry', async () => {
    const labels = '{app="web", pod="p"}';
    const written = await echoed([
      {
        labels,
        entries: [
          { seconds: 1_785_585_600, nanos: 500_000_000, line: 'plain', metadata: [] },
          { seconds: 1_785_585_600, nanos: 0, line: 'a "b"=\\ \n\u0001\bü', metadata: [['k', 'v w']] },
          { seconds: 1_785_585_600, nanos: 1, line: '', metadata: [] },
        ],
      },
    ]);
    const lines = written.split('\n');
    const quoted = JSON.stringify(labels);
    const head = 'level=info component_path=/ component_id=loki.echo.e receiver=loki.echo.e';
    assert.deepEqual(
      lines.map((line) => line.replace(/^ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /, '')),
      [
        `${head} entry=plain entry_timestamp=2026-08-01T12:00:00.5Z labels=${quoted} structured_metadata={}`,
        `${head} entry="a \\"b\\"=\\\\ \\n\\u0001\\u0008ü" entry_timestamp=2026-08-01T12:00:00Z labels=${quoted} structured_metadata="{\\"k\\":\\"v w\\"}"`,
        `${head} entry= entry_timestamp=2026-08-01T12:00:00.000000001Z labels=${quoted} structured_metadata={}`,
        '',
      ],
    );
  });

  test('of many entries all are written', async () => {
    const entries = Array.from({ length: 5000 }, (_, i) => ({ seconds: i, nanos: 0, line: `line ${i}`, metadata: [] }));
    const written = await echoed([{ labels: '{}', entries }]);
    assert.deepEqual(
      [...written.matchAll(/entry="(line \d+)"/g)].map(([, line]) => line),
      entries.map(({ line }) => line),
    );
  });
});
