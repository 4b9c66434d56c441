import { compressSync } from 'snappy';
import { Faults } from './faults.js';
import { Ingest } from './ingest.js';
import type { Payload } from './payload.js';
import { encodePush } from './push.js';
import { LOKI_LIMITS } from './rules.js';
import { ReceiverStore, type StoreOptions } from './store.js';

// How much a receiver takes, without HTTP: pushes of 1 MiB of lines in 20 streams, decompressed, decoded, judged and
// stored. A benchmark of a collector says something about the collector only while it stays well below.
const LINE_BYTES = 180;
const STREAMS = 20;
const PUSH_BYTES = 1024 * 1024;

const variants: [string, StoreOptions, number][] = [
  ['count', { mode: 'count' }, 400],
  ['count, sequence', { mode: 'count', sequence: { marker: 'seq=' } }, 400],
  ['keep', { mode: 'keep', records: false }, 100],
];
for (const [name, options, pushes] of variants) await measure(name, options, pushes);

async function measure(name: string, options: StoreOptions, pushes: number): Promise<void> {
  const store = new ReceiverStore(options);
  const ingest = new Ingest(store, LOKI_LIMITS, new Faults());
  const bodies = Array.from({ length: 16 }, (_, i) => compressSync(Buffer.from(encodePush(payload(i)))));
  const { signal } = new AbortController();
  const headers = { 'content-type': 'application/x-protobuf' };
  const before = process.cpuUsage();
  for (let i = 0; i < pushes; i++) await ingest.take(bodies[i % bodies.length]!, headers, signal);
  const { user, system } = process.cpuUsage(before);
  const cpuSeconds = (user + system) / 1e6;
  const lineBytes = pushes * Math.floor(PUSH_BYTES / LINE_BYTES) * LINE_BYTES;
  const perSecond = `${(lineBytes / cpuSeconds / 1e6).toFixed(0)} MB of lines per CPU second`;
  const rss = `${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MiB RSS`;
  process.stdout.write(`${name.padEnd(16)} ${perSecond}, ${rss}, ${store.entries} entries\n`);
}

function payload(push: number): Payload {
  const lines = Math.floor(PUSH_BYTES / LINE_BYTES);
  const startNs = BigInt(Date.now()) * 1_000_000n;
  return Array.from({ length: STREAMS }, (_, pod) => ({
    labels: `{container="app", namespace="shop", pod="web-${pod}"}`,
    entries: Array.from({ length: Math.floor(lines / STREAMS) + (pod < lines % STREAMS ? 1 : 0) }, (_, i) => {
      const seq = push * lines + i;
      const head = `level=info seq=${seq} path=/cart/${(seq * 7919) % 1000} took=${(seq * 31) % 97}ms `;
      return {
        ns: startNs + BigInt(seq),
        line: head.padEnd(LINE_BYTES, 'lorem ipsum dolor sit amet '),
        metadata: [['stream', 'stdout']],
      };
    }),
  }));
}
