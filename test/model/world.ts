import fs, { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock } from 'node:test';
import { uncompressSync } from 'lz4-napi';
import type { Config } from '../../src/config/config.js';
import { readFrames, readHead } from '../../workers/read/spool-format.js';
import { WorkerState } from '../../workers/worker-state.js';
import { amid } from './amid.js';
import { Books, type LogFile, MAX_LINE_BYTES } from './books.js';
import { BATCH_BYTES, CARRY_FLUSH_MS, Life } from './life.js';
import { ModelLoki } from './loki.js';
import { KEEP_FILES, ModelNode } from './node.js';
import { verify } from './verify.js';

const WORKER = new WorkerState(
  { batchBytes: BATCH_BYTES, maxLineBytes: MAX_LINE_BYTES },
  { readChunkBytes: 301, headRoomBytes: 96, spareOutputBytes: 64 * 1024 },
);
/** Scans run in threads of the system, and take what they take. */
const HANGS_MS = 10_000;
const TICK_MS = 1_000;
/** The collector looks twice within this time at whatever has ended. */
const GRACE_MS = 3_000;

/** Folders cannot be watched: hints come from threads of their own, at any time, and are never needed. */
export function turnWatchingOff(): void {
  fs.watch = () => {
    throw Object.assign(new Error('no more watches'), { code: 'ENOSPC' });
  };
  syncBuiltinESMExports();
}

export interface WorldOptions {
  containers?: number;
  /** Files that a collector may have open at the same time. */
  maxOpen?: number;
  /** Files that a rotation leaves of a container. */
  keepFiles?: number;
  /** For copies, and for what is deleted and open. */
  spoolBytes?: number;
}

/** With less room than this anything without a name may be given up. */
const SMALL_SPOOL_BYTES = 1 << 20;

/** A node, a Loki, and between them a collector that dies and comes back. Nothing moves but by a call. */
export class World {
  readonly books: Books;
  readonly loki = new ModelLoki();
  readonly node: ModelNode;
  /** Bytes reported as lost, by pod. */
  readonly lostBytes = new Map<string, number>();
  /** Of those, what a kill may have come too soon after: then the next life counts it again. */
  readonly againBytes = new Map<string, number>();
  /** What does not balance in the books of a life. */
  readonly imbalances: string[] = [];
  /** Nothing is given up for want of room. */
  readonly spoolHasRoom: boolean;
  life: Life | null = null;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sleipnir-model-'));
  readonly #config: Config;
  readonly #maxOpen: number;
  #lives = 0;
  #nowMs = Date.now();
  /** Files without a name whose bytes only the living collector has. */
  #unnamed: LogFile[] = [];

  constructor({ containers = 3, maxOpen = 10_000, keepFiles = KEEP_FILES, spoolBytes = 1 << 30 }: WorldOptions = {}) {
    this.#maxOpen = maxOpen;
    this.spoolHasRoom = spoolBytes > SMALL_SPOOL_BYTES;
    this.books = new Books(this.#nowMs);
    const root = join(this.#folder, 'pods');
    forgetTimers();
    this.#config = configOf(root, join(this.#folder, 'state'), spoolBytes);
    mkdirSync(this.#config.stateDir);
    this.node = new ModelNode(
      root,
      this.books,
      () => this.#nowMs,
      (file) => this.#onUnnamed(file),
      containers,
      keepFiles,
    );
  }

  /** @param meanwhile what happens on the node each time the collector has gone a step further */
  async start(meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    if (this.life !== null) return;
    forgetTimers();
    this.#lives += 1;
    this.loki.told = { stored: 0, refused: 0 };
    const life = new Life(this.#config, WORKER, this.#maxOpen);
    this.life = life;
    const before = new Set(this.node.files);
    this.node.noteStart();
    await this.#finish(
      life.start(this.loki, () => this.#nowMs),
      async () => {
        this.#noteOpened(false);
        await meanwhile();
        this.#work(life, 0);
      },
    );
    // What has come since it scanned may not be seen yet.
    this.#noteOpened(true, before);
  }

  async tick(): Promise<void> {
    this.#nowMs += 1;
    this.life?.collector.tick();
    this.node.noteLook();
    await this.settle();
  }

  /** @param alone nothing happens on the node meanwhile */
  async rescan(alone = true): Promise<void> {
    this.#nowMs += 1;
    if (this.life === null) return;
    await this.#finish(this.life.collector.rescan(), () => {});
    this.#noteOpened(alone);
  }

  /**
   * What happens while `meanwhile` runs does so between the looks at files that the collector and its workers take.
   *
   * @param act called before each look
   */
  async amid(act: () => void, meanwhile: () => Promise<void>): Promise<void> {
    await amid(() => {
      // Whatever becomes of their names now, it has these.
      this.#noteOpened(false);
      act();
    }, meanwhile);
  }

  async work(which: number): Promise<void> {
    if (this.life !== null) this.#work(this.life, which);
    await this.settle();
  }

  #work(life: Life, which: number): void {
    if (life.tasks.length > 0) this.node.noteRead();
    life.work(which);
  }

  /** Lets time pass, with the ticks that belong to it. */
  async wait(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= TICK_MS) {
      await this.#pass(Math.min(TICK_MS, left));
      if (left > TICK_MS) await this.tick();
    }
  }

  async #pass(ms: number): Promise<void> {
    this.#nowMs += ms;
    await this.life?.clock.advance(ms);
    mock.timers.tick(ms);
    await this.settle();
  }

  /** SIGTERM. If Loki does not answer, the time for the drain runs out. */
  async stop(lokiAnswers: boolean): Promise<void> {
    const { life } = this;
    if (life === null) return;
    const stopped = life.stop();
    await this.#finish(stopped, async () => {
      this.#work(life, 0);
      if (lokiAnswers && this.loki.pending.length > 0) this.loki.answer(0, 'ok');
      else if (life.busy + life.tasks.length === 0) await this.#pass(500);
    });
    await life.close();
    this.#balance(life);
    this.loki.pending = [];
    if (lokiAnswers) this.loki.commit(this.#lives);
    else this.loki.allowRepeats();
    this.#noteJournaled(life);
    this.#collectLosses();
    // Whatever has no name is in the spool now.
    for (const file of this.#unnamed) giveUpOpen(file);
    this.#unnamed = [];
    this.life = null;
    forgetTimers();
  }

  /** SIGKILL. */
  kill(): void {
    if (this.life === null) return;
    this.#balance(this.life);
    this.life.kill();
    for (const { reason, pod, bytes } of this.life.losses) {
      // What a start misses is stored at once.
      if (reason !== 'gone_while_down') this.againBytes.set(pod, (this.againBytes.get(pod) ?? 0) + bytes);
    }
    this.#collectLosses();
    // What it knew of them is gone with it.
    for (const file of this.#unnamed) for (const part of file.parts) part.counted = false;
    this.#noteJournaled(this.life);
    this.life = null;
    this.loki.pending = [];
    this.loki.allowRepeats();
    const copies = this.#copies();
    const isKept = (file: LogFile) =>
      copies.some((copy) => isCopy(copy, file) && copy.start + copy.bytes.length >= bytesOf(file).length);
    for (const file of [...this.#unnamed, ...this.node.files]) {
      if (copies.some((copy) => isCopy(copy, file))) giveUpOpen(file);
    }
    for (const file of this.#unnamed) if (!isKept(file)) giveUp(file);
    this.#unnamed = this.#unnamed.filter(isKept);
    forgetTimers();
  }

  /** Lets everything through until nothing moves any more. */
  async quiesce(): Promise<void> {
    const { life } = this;
    if (life === null) return;
    let calm = 0;
    for (let round = 0; calm < 5; round += 1) {
      if (round > 200) throw new Error('the collector does not come to rest');
      calm += 1;
      while (life.tasks.length > 0 || this.loki.pending.length > 0) {
        calm = 0;
        await this.work(0);
        if (this.loki.pending.length > 0) this.loki.answer(0, 'ok');
        await this.settle();
      }
      await this.wait(round % 4 === 3 ? GRACE_MS : 250);
      await this.tick();
      if (calm > 0 && life.collector.snapshot().pushesInFlight > 0) calm = 0;
    }
    this.loki.commit();
    for (const container of this.node.containers) container.rewritten = false;
  }

  /** Ends the case: everything is to arrive, and the books are checked. */
  async end(): Promise<string[]> {
    this.node.finishRotations();
    await this.start();
    await this.tick();
    this.node.growTruncated();
    for (let i = 0; i < 3; i += 1) {
      await this.rescan();
      await this.quiesce();
      await this.wait(GRACE_MS);
    }
    await this.#pass(CARRY_FLUSH_MS);
    await this.tick();
    await this.quiesce();
    if (this.life !== null) this.#balance(this.life);
    this.#collectLosses();
    return verify(this);
  }

  close(): void {
    this.life?.kill();
    this.node.close();
    mock.timers.reset();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Lets everything happen that needs no time to pass. */
  async settle(): Promise<void> {
    for (let calm = 0; calm < 3; ) {
      await new Promise((resolve) => setImmediate(resolve));
      calm = (this.life?.busy ?? 0) === 0 ? calm + 1 : 0;
    }
    this.#noteOpened(false);
  }

  async #finish(what: Promise<void>, meanwhile: () => void | Promise<void>): Promise<void> {
    let over = false;
    const ended = what.finally(() => {
      over = true;
    });
    ended.catch(() => {});
    const sinceMs = performance.now();
    while (!over) {
      if (performance.now() - sinceMs > HANGS_MS) throw new Error('it does not end');
      await new Promise((resolve) => setImmediate(resolve));
      if (!over) await meanwhile();
    }
    await ended;
    await this.settle();
  }

  /** From now on the living collector has these open; after a scan it must have all that have a name. */
  #noteOpened(scanned: boolean, before: ReadonlySet<LogFile> | null = null): void {
    if (this.life === null) return;
    for (const file of this.node.files) {
      const { opened } = this.life;
      const open =
        (file.plain !== null && opened.has(file.ino)) || (file.gzip !== null && opened.has(file.gzipIno ?? ''));
      if (open || (scanned && before?.has(file) !== false)) file.openedIn = this.#lives;
    }
  }

  #onUnnamed(file: LogFile): void {
    if (this.life === null || file.openedIn !== this.#lives) return giveUp(file);
    this.#unnamed.push(file);
    if (this.spoolHasRoom) return;
    giveUp(file);
    for (const part of file.parts) part.counted = part.whole;
  }

  #noteJournaled({ journaled }: Life): void {
    for (const file of [...this.#unnamed, ...this.node.files]) {
      const bytes = journaled.get(file.ino) ?? journaled.get(file.gzipIno ?? '');
      file.journaled = bytes !== undefined;
      let end = 0;
      for (const part of file.parts) {
        end += part.text.length;
        // Of what may be another name of a file that is known, only the place in the chain is told.
        part.counted = part.whole && end <= (bytes ?? 0);
      }
    }
  }

  /** What is in the spool. */
  #copies(): Copy[] {
    const folder = join(this.#config.stateDir, 'spool');
    const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.spool')) : [];
    return names.map((name) => copyAt(join(folder, name)));
  }

  #balance({ entries, collector }: Life): void {
    const { read, stored, refused, missed, recalled } = entries;
    const { told } = this.loki;
    if (stored !== told.stored || refused !== told.refused) {
      this.imbalances.push(
        `stored ${stored}, refused ${refused}, where Loki told of ${told.stored} and ${told.refused}`,
      );
    }
    const pending = collector.snapshot().entriesPending;
    if (read !== stored + refused + missed + recalled + pending) {
      this.imbalances.push(`not balanced: ${JSON.stringify({ ...entries, pending })}`);
    }
  }

  #collectLosses(): void {
    for (const { pod, bytes } of this.life?.losses ?? []) {
      this.lostBytes.set(pod, (this.lostBytes.get(pod) ?? 0) + bytes);
    }
    this.life?.losses.splice(0);
  }
}

/** Timers of the collector that has ended. */
function forgetTimers(): void {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
}

/** A copy in the spool: of which inode, and the bytes from `start` on. */
interface Copy {
  ino: string;
  start: number;
  bytes: Buffer;
}

function copyAt(path: string): Copy {
  const fd = openSync(path, 'r');
  try {
    const head = readHead(fd, path);
    const { ino } = JSON.parse(head.note) as { ino: string };
    const copied = readFrames(fd, head).filter(({ plainAt }) => plainAt >= head.start);
    const frames = copied.map(({ packedAt, packedBytes }) => {
      const packed = Buffer.alloc(packedBytes);
      readSync(fd, packed, 0, packedBytes, packedAt);
      return uncompressSync(packed);
    });
    return { ino, start: head.start, bytes: Buffer.concat(frames) };
  } finally {
    closeSync(fd);
  }
}

/** An inode may be used again, so what is in both must be the same; a copy may end within a line. */
function isCopy({ ino, start, bytes }: Copy, file: LogFile): boolean {
  if (ino !== file.ino && ino !== file.gzipIno) return false;
  // Truncated, it tells nothing.
  if (bytes.length === 0 || file.parts.some(({ gone }) => gone)) return true;
  const own = Buffer.from(file.parts.map(({ text }) => text).join('')).subarray(start, start + bytes.length);
  return own.length > 0 && own.equals(bytes.subarray(0, own.length));
}

function bytesOf({ parts }: LogFile): Buffer {
  return Buffer.from(parts.map(({ whole, text }) => (whole ? text : '')).join(''));
}

function giveUp(file: LogFile): void {
  for (const part of file.parts) part.gone = true;
}

/** A copy in the spool does not always know what it goes on from, or what goes on from it. */
function giveUpOpen(file: LogFile): void {
  for (const part of file.parts) {
    if (part.entry.open || part.entry.parts.some((other) => other.file !== file)) part.gone = true;
  }
}

function configOf(root: string, stateDir: string, spoolBytes: number): Config {
  return {
    configPath: null,
    configWatch: false,
    lokiUrl: new URL('http://loki.invalid/loki/api/v1/push'),
    paths: [`${root}/*/*/*.log`],
    exclude: [],
    labelRegex: '/pods/(?P<namespace>[^_]+)_(?P<pod>[^_]+)_[^/]+/(?P<container>[^/]+)/',
    labels: [],
    format: 'auto',
    stream: 'metadata',
    start: 'beginning',
    stateDir,
    spoolBytes,
    httpAddr: { host: '127.0.0.1', port: 0 },
    workers: 2,
    memoryLimitBytes: null,
    batchBytes: BATCH_BYTES,
    batchWaitMs: 1000,
    maxLineBytes: MAX_LINE_BYTES,
    scanIntervalMs: 10_000,
    shutdownTimeoutMs: 20_000,
    tenantId: null,
    bearerTokenFile: null,
    basicAuth: null,
    tls: { caFile: null, certFile: null, keyFile: null },
    logLevel: 'info',
    logFormat: 'json',
  };
}
