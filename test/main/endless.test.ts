import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { CUT_MARK } from '../../workers/encode/push.js';
import { append, type CollectorProcess, eventually, makeStage, type Stage } from './kit.js';

const MIB = 1024 * 1024;
/** containerd's longest line; a character of three bytes falls across every one of its ends. */
const PART_BYTES = 16 * 1024;
const CHARACTER = '\u20ac';
const MAX_LINE_BYTES = 256 * 1024;
/** Parts after which the characters begin anew, as often as fits into a MiB. */
const BLOCK_PARTS = 63;
const BLOCKS = 256;
const CONTENT_BYTES = BLOCKS * BLOCK_PARTS * PART_BYTES;
/** What may be added to the peak: a fifth of what is read. */
const MAY_GROW_BYTES = 48 * MIB;

const ALLOY = (stage: Stage) => `
local.file_match "pods" { path_targets = [{ __path__ = "${stage.pods}/*/*/*.log" }] }
loki.source.file "pods" {
  targets    = local.file_match.pods.targets
  forward_to = [loki.process.pods.receiver]
}
loki.process "pods" {
  stage.cri { }
  stage.drop { expression = "no such line" }
  forward_to = [loki.write.loki.receiver]
}
loki.write "loki" { endpoint { url = "${stage.loki.pushUrl}" } }
`;

/** Parts without an end. */
function block(): Buffer {
  const content = Buffer.from(CHARACTER.repeat((BLOCK_PARTS * PART_BYTES) / 3));
  const head = Buffer.from('2026-01-01T00:00:00.000000001Z stdout P ');
  const lines = Array.from({ length: BLOCK_PARTS }, (_, part) => [
    head,
    content.subarray(part * PART_BYTES, (part + 1) * PART_BYTES),
    Buffer.from('\n'),
  ]);
  return Buffer.concat(lines.flat());
}

function peakBytes({ pid }: CollectorProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

for (const [pipeline, config] of [
  ['the built-in pipeline', null],
  ['stages', ALLOY],
] as const) {
  test(`${CONTENT_BYTES / MIB} MiB of parts without an end through ${pipeline}: constant memory, one entry, the rest counted`, {
    timeout: 60_000,
  }, async (t) => {
    const stage = await makeStage(t);
    const file = join(stage.root, 'config.alloy');
    if (config !== null) writeFileSync(file, config(stage));
    const collector = stage.start(config === null ? {} : { CONFIG: file });
    // What reading at full speed takes.
    const ordinary = Array.from({ length: 4096 }, (_, index) => `${index} `.padEnd(4096, 'x'));
    append(stage.log('ordinary'), ordinary);
    await stage.stored(ordinary.length);
    const beforeBytes = peakBytes(collector);

    const log = stage.log('endless');
    mkdirSync(dirname(log), { recursive: true });
    const parts = block();
    for (let count = 0; count < BLOCKS; count += 1) appendFileSync(log, parts);
    await stage.stored(ordinary.length + 1);
    await eventually(async () => (await collector.metric('unread_bytes')) === 0);
    const grownBytes = peakBytes(collector) - beforeBytes;
    assert.ok(grownBytes < MAY_GROW_BYTES, `the peak has grown by ${Math.round(grownBytes / MIB)} MiB`);
    append(log, ['the last part', 'another line']);
    await stage.stored(ordinary.length + 2);
    const streams = stage.loki.store.streams().filter(({ entries }) => entries === 2);
    const [entry = '', ...others] = streams.flatMap(({ kept }) => kept.map(({ text }) => text));
    assert.deepEqual(others, ['another line']);
    const kept = CHARACTER.repeat(Math.floor((MAX_LINE_BYTES - Buffer.byteLength(CUT_MARK)) / 3));
    assert.ok(entry === kept + CUT_MARK, `${entry.length} characters, ending in ${entry.slice(-20)}`);
    const cutBytes = await collector.metric('cut_bytes_total');
    assert.equal(Buffer.byteLength(kept) + cutBytes, CONTENT_BYTES + 'the last part'.length);
    assert.equal(await collector.metric('entries_cut_total'), 1);
    assert.equal(await collector.end('SIGTERM'), 0);
  });
}
