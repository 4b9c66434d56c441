import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type NodeOptions, type SimulatedNode, startNode, type Written } from '../../../bench/node/node.js';
import { parseCri, readChain, seqsOf, sortable, upTo } from './readback.js';

const base = mkdtempSync(join(tmpdir(), 'node-'));
after(() => rmSync(base, { recursive: true }));
let roots = 0;

async function withNode(
  options: Omit<NodeOptions, 'root'>,
  use: (node: SimulatedNode) => Promise<void>,
): Promise<SimulatedNode> {
  const node = await startNode({ root: join(base, String(roots++), 'pods'), ...options });
  try {
    await use(node);
  } finally {
    await node.stop();
  }
  return node;
}

const folderOf = (node: SimulatedNode, { namespace, pod, uid, container }: Written) =>
  join(node.root, `${namespace}_${pod}_${uid}`, container);

/** Reads every file back and holds it against the ledger. */
function checkLedger(node: SimulatedNode): void {
  for (const written of node.written()) {
    const bytes = readChain(folderOf(node, written));
    const lines = parseCri(bytes);
    assert.deepEqual(seqsOf(lines), upTo(written.lines), written.pod);
    assert.equal(written.lastSeq, written.lines);
    assert.equal(lines.length, written.physicalLines);
    assert.equal(bytes.length, written.fileBytes);
    const contentBytes = lines.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
    assert.equal(contentBytes, written.contentBytes);
    for (const stream of ['stdout', 'stderr']) {
      const last = lines.findLast((line) => line.stream === stream);
      assert.notEqual(last?.tag, 'P', 'no line stays unfinished');
    }
  }
}

test('the layout is that of /var/log/pods, and the documented pods are there', async () => {
  const node = await withNode({ pods: 16, rateBytes: 0, podBytes: 1 }, (node) => node.done);
  const written = node.written();
  assert.equal(new Set(written.map(({ uid }) => uid)).size, 16);
  for (const pod of written) assert.ok(readdirSync(folderOf(node, pod)).includes('0.log'));
  const has = (wanted: Partial<Written>) =>
    written.some((pod) => Object.entries(wanted).every(([key, value]) => pod[key as keyof Written] === value));
  assert.ok(has({ namespace: 'default', pod: 'log-generator' }));
  assert.ok(has({ namespace: 'monitoring', pod: 'loki-0', container: 'loki' }));
  assert.ok(written.every(({ lines }) => lines > 0));
  checkLedger(node);
});

/** What is said of each file: every line begins in one of them, and they are the files in the folder. */
function checkFiles({ files, lines, fileBytes }: Written, names: string[]): void {
  let before = 0;
  for (const { firstLine, lastLine } of files) {
    assert.equal(firstLine, before + 1);
    before = lastLine;
  }
  assert.equal(before, lines);
  assert.equal(
    files.reduce((sum, { bytes }) => sum + bytes, 0),
    fileBytes,
  );
  const left = files.filter(({ deletedMs }) => deletedMs === null);
  assert.deepEqual(left.map(({ name, gzippedMs }) => (gzippedMs === null ? name : `${name}.gz`)).sort(), names);
}

test('in blocks: nothing is lost or repeated over rotations, undone ones, gzip and a restart', async () => {
  const options = { pods: 4, even: true, rateBytes: 16 << 20, rotateBytes: 64 << 10, keepFiles: 1000, undoShare: 0.2 };
  const node = await withNode({ ...options, longLineEvery: 200 }, async (node) => {
    await node.restartPod('log-generator');
    while (node.written().some(({ rotations }) => rotations < 3)) {
      await node.rotate();
      await new Promise(setImmediate);
    }
  });
  checkLedger(node);
  const generator = node.written()[0]!;
  assert.equal(generator.restarts, 1);
  const names = (written: Written) => readdirSync(folderOf(node, written));
  assert.deepEqual(names(generator).slice(0, 2), ['0.log', '1.log']);
  for (const written of node.written()) {
    checkFiles(written, names(written));
    const rotated = names(written).filter((name) => /\.log\.\d{8}-\d{6}(\.gz)?$/.test(name));
    assert.equal(rotated.length, written.rotations, 'each rotation has a name of its own');
    assert.ok(
      rotated.slice(0, -1).every((name) => name.endsWith('.gz')),
      'at most the newest is plain',
    );
  }
});

test('line by line: the ledger is exact, and the timestamps of a pod never repeat, not even between its containers', async () => {
  const options = { pods: 5, even: true, rateBytes: 15 << 20, podBytes: 100 << 10, longLineEvery: 30, rotateBytes: 0 };
  const node = await withNode({ ...options, offsetMinutes: 120 }, (node) => node.done);
  checkLedger(node);
  const pods = [...new Set(node.written().map(({ uid }) => uid))];
  assert.ok(pods.length < node.written().length, 'a pod has two containers');
  for (const pod of pods) {
    const containers = node.written().filter(({ uid }) => uid === pod);
    const files = containers.map((written) => parseCri(readChain(folderOf(node, written))));
    for (const lines of files) {
      const times = lines.map(({ timestamp }) => sortable(timestamp));
      assert.ok(lines.every(({ timestamp }) => timestamp.endsWith('+02:00')));
      for (let i = 1; i < times.length; i++) assert.ok(times[i]! > times[i - 1]!);
    }
    const all = files.flat().map(({ timestamp }) => timestamp);
    assert.equal(new Set(all).size, all.length);
  }
});

test('rotation by time keeps as many files as the kubelet keeps', async () => {
  const options = { pods: 2, even: true, rateBytes: 4 << 20, rotateBytes: 0, rotateEveryMs: 5, keepFiles: 3 };
  const node = await withNode(options, async (node) => {
    while (node.written().some(({ rotations }) => rotations < 5)) await new Promise(setImmediate);
  });
  for (const written of node.written()) {
    const names = readdirSync(folderOf(node, written)).map((name) => name.replace(/\d{8}-\d{6}/, 'T'));
    assert.deepEqual(names.sort(), ['0.log', '0.log.T', '0.log.T.gz']);
  }
});

test('a restart begins the next log; those of containers dead for longer are gone', async () => {
  const node = await withNode({ pods: 2, rateBytes: 0, podBytes: 1 << 20, rotateBytes: 0 }, async (node) => {
    await node.done;
    for (let round = 0; round < 3; round++) {
      await node.restartPod('loki-0');
      await node.rotate();
    }
  });
  const names = readdirSync(folderOf(node, node.written()[1]!)).map((name) => name.replace(/\d{8}-\d{6}/, 'T'));
  assert.deepEqual(names.sort(), ['2.log', '2.log.T', '3.log', '3.log.T']);
});

test('a deleted pod takes its folder along and stays in the ledger', async () => {
  const node = await withNode({ pods: 3, rateBytes: 8 << 20, rotateBytes: 64 << 10 }, async (node) => {
    await node.deletePod('loki-0');
    const [generator, loki] = node.written();
    assert.ok(loki!.deleted && loki!.lines > 0 && !generator!.deleted);
    assert.ok(!existsSync(join(node.root, `monitoring_loki-0_${loki!.uid}`)));
    assert.equal(node.stats().podsDeleted, 1);
    const before = generator!.lines;
    while (node.written()[0]!.lines === before) await new Promise(setImmediate);
    await assert.rejects(node.deletePod('loki-0'), { code: 'BENCH_NO_SUCH_POD' });
  });
  assert.equal(node.stats().pods, 2);
});

test('uneven shares: the first pod writes most', async () => {
  const options = { pods: 10, rateBytes: 8 << 20, longLineEvery: 0 };
  const node = await withNode(options, async (node) => {
    while (node.stats().fileBytes < 1 << 20) await new Promise(setImmediate);
  });
  const [generator, ...others] = node.written();
  assert.ok(others.every(({ fileBytes }) => fileBytes < generator!.fileBytes));
});

test('the seed gives names and bodies; the same seed on the same root is refused', async () => {
  const options = { pods: 3, rateBytes: 0, podBytes: 64 << 10, longLineEvery: 100 };
  const nodes = [];
  for (const seed of [5, 5, 6]) nodes.push(await withNode({ ...options, seed }, (node) => node.done));
  const [first, again, other] = nodes as [SimulatedNode, SimulatedNode, SimulatedNode];
  const uids = (node: SimulatedNode) => node.written().map(({ uid }) => uid);
  const bodies = (node: SimulatedNode) =>
    parseCri(readChain(folderOf(node, node.written()[0]!)))
      .slice(0, 200)
      .map(({ content }) => content);
  assert.deepEqual(uids(again), uids(first));
  assert.deepEqual(bodies(again), bodies(first));
  assert.notDeepEqual(uids(other), uids(first));
  await assert.rejects(startNode({ ...options, root: first.root, seed: 5 }), { code: 'BENCH_POD_EXISTS' });
});

test('clean deletes what the node has made, and nothing else', async () => {
  const made = await withNode({ pods: 2, rateBytes: 0, podBytes: 1, clean: true }, (node) => node.done);
  assert.ok(!existsSync(made.root));
  const shared = await withNode({ pods: 2, rateBytes: 0, podBytes: 1 }, (node) => node.done);
  const second = await startNode({ root: shared.root, seed: 2, pods: 2, clean: true });
  assert.equal(readdirSync(shared.root).length, 4);
  await second.stop();
  assert.equal(readdirSync(shared.root).length, 2);
});

test('a root that cannot be written fails the node, not the process', async () => {
  const node = await startNode({ root: join(base, 'lost'), pods: 1, rateBytes: 0, rotateBytes: 1 });
  rmSync(node.root, { recursive: true });
  await assert.rejects(node.done, { code: 'ENOENT' });
  await assert.rejects(node.stop(), { code: 'ENOENT' });
});
