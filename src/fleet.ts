import { join } from 'node:path';
import type { Descriptors } from './chain/descriptors.js';
import { inheritSpools, spoolFolderOf } from './chain/spool-folders.js';
import type { Stall } from './chain/watchdog.js';
import type { Journal } from './checkpoint/journal.js';
import { inheritPositions, moveToLanes, type Positions, positionsOf } from './checkpoint/lane-positions.js';
import { Collector } from './collector.js';
import type { Config } from './config/config.js';
import { type Lane, sameDestination } from './lane.js';
import type { Budget } from './plan/sizing.js';
import type { Workers } from './plan/workers.js';
import { createEcho } from './push/echo.js';
import { createEndpoint, type Endpoint } from './push/endpoint.js';
import type { PushEvents } from './push/figures.js';
import { createSender, type Sender } from './push/sender.js';
import type { CollectorEvents } from './telemetry/events.js';
import type { Snapshot } from './telemetry/metrics.js';

export interface FleetOptions {
  config: Pick<Config, 'stateDir' | 'spoolBytes'>;
  budget: Budget;
  workers: Workers;
  journal: Journal;
  descriptors: Descriptors;
  events: CollectorEvents;
  pushEvents: PushEvents;
}

/** A lane that runs. */
interface Member {
  lane: Lane;
  positions: Positions;
  spoolFolder: string;
  collector: Collector;
  endpoint: Endpoint;
}

/** A lane, and the member whose files and positions it takes over. */
interface Pair {
  lane: Lane;
  member: Member | undefined;
}

/** How long a lane that is no longer wanted may drain, in milliseconds. */
const LEAVE_MS = 5_000;
/** Batches that the budget of a lane holds at least: with fewer it would wait for each answer. */
const LEAST_JOBS = 3;
/** As much again as its files have. */
const OWN_LOG_SPOOL_BYTES = 2 * 1024 * 1024;

/** Of a snapshot, what each lane has for itself; descriptors, workers and the journal are the same for all. */
const SUMMED = [
  'entriesPending',
  'containerLogs',
  'unreadBytes',
  'memoryBudgetBytes',
  'memoryBudgetUsedBytes',
  'pushesInFlight',
  'spoolBytes',
] as const;

/** The lanes of a configuration, side by side: driven, asked and changed as if they were one collector. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #first: readonly Lane[];
  #members: Member[] = [];
  /** Of all members: a lane's copies stay where they are, whatever its name becomes. */
  readonly #spoolFolders = new Set<string>();
  /** One change at a time; stopping waits for it. */
  #changing: Promise<void> = Promise.resolve();

  constructor(lanes: readonly Lane[], options: FleetOptions) {
    this.#first = lanes;
    this.#options = options;
  }

  /** Takes up the stored positions and begins to collect. */
  async start(): Promise<void> {
    const { journal, config } = this.#options;
    inheritPositions(journal, this.#first.map(claimOf));
    inheritSpools(
      join(config.stateDir, 'spool'),
      this.#first.map(({ id }) => id),
    );
    this.#members = this.#first.map((lane) => this.#enlist(lane, sharersOf(this.#first)));
    await Promise.all(this.#members.map(({ collector }) => collector.start()));
  }

  tick(): void {
    for (const { collector } of this.#members) collector.tick();
  }

  /** Whether new folders are hinted at everywhere, so that scans may be rare. */
  get hinted(): boolean {
    return this.#members.every(({ collector }) => collector.hinted);
  }

  async rescan(): Promise<void> {
    await Promise.all(this.#members.map(({ collector }) => collector.rescan()));
  }

  /** How often there is a tick, in milliseconds: the shortest batch wait. */
  get batchWaitMs(): number {
    const lanes = this.#members.length === 0 ? this.#first : this.#members.map(({ lane }) => lane);
    return Math.min(...lanes.map(({ batchWaitMs }) => batchWaitMs));
  }

  get stalls(): readonly Stall[] {
    return this.#members.flatMap(({ collector }) => collector.stalls);
  }

  get logCount(): number {
    return this.#members.reduce((sum, { collector }) => sum + collector.logCount, 0);
  }

  /** Null before the start. */
  snapshot(): Snapshot | null {
    const [first, ...others] = this.#members.map(({ collector }) => collector.snapshot());
    if (first === undefined) return null;
    for (const next of others) {
      for (const field of SUMMED) first[field] += next[field];
      first.lagSeconds = Math.max(first.lagSeconds, next.lagSeconds);
      first.inotifyFallback ||= next.inotifyFallback;
    }
    return first;
  }

  /**
   * Goes on with other lanes. One of the same id, or else one that takes the place of another, keeps files and
   * positions; further ones begin where the others are.
   */
  change(lanes: readonly Lane[]): Promise<void> {
    this.#changing = this.#changing.then(() => this.#change(lanes));
    return this.#changing;
  }

  /** See `Collector.stop`. */
  async stop(withinMs: number): Promise<void> {
    await this.#changing;
    await Promise.all(this.#members.map(({ collector }) => collector.stop(withinMs)));
    await Promise.all(this.#members.map(({ endpoint }) => endpoint.close()));
  }

  async #change(lanes: readonly Lane[]): Promise<void> {
    const { pairs, leaving } = pairUp(lanes, this.#members);
    this.#rename(pairs, leaving);
    const members: Member[] = [];
    for (const { lane, member } of pairs) {
      if (member !== undefined) members.push(await this.#swap(member, lane));
    }
    const { journal } = this.#options;
    const running = members.map((member) => claimOf(member.lane));
    for (const { lane, member } of pairs) {
      if (member !== undefined) continue;
      inheritPositions(journal, [...running, claimOf(lane)]);
      const added = this.#enlist(lane, sharersOf(lanes));
      await added.collector.start();
      members.push(added);
    }
    this.#members = members;
    for (const { collector, endpoint, spoolFolder } of leaving) {
      await collector.stop(LEAVE_MS);
      this.#spoolFolders.delete(spoolFolder);
      await endpoint.close();
    }
  }

  /** Another may bear the old name, now or later; one that leaves stores its positions to the end. */
  #rename(pairs: readonly Pair[], leaving: readonly Member[]): void {
    const moves = pairs.flatMap(({ lane: { id }, member }) =>
      member === undefined || member.positions.lane === id ? [] : [{ positions: member.positions, lane: id }],
    );
    const ids = pairs.map(({ lane }) => lane.id);
    for (const { positions } of leaving) {
      if (ids.includes(positions.lane)) moves.push({ positions, lane: `${positions.lane}~left` });
    }
    moveToLanes(moves);
  }

  async #swap(member: Member, lane: Lane): Promise<Member> {
    const { collector } = member;
    if (sameDestination(member.lane.destination, lane.destination)) {
      await collector.change(lane, null);
      return { ...member, lane };
    }
    const { endpoint, sender } = this.#connect(lane);
    await collector.change(lane, sender);
    await member.endpoint.close();
    return { ...member, lane, endpoint };
  }

  #enlist(lane: Lane, count: number): Member {
    const { config, budget, workers, journal, descriptors, events } = this.#options;
    const { endpoint, sender } = this.#connect(lane);
    const leastBytes = LEAST_JOBS * lane.batchBytes;
    const [pushBudgetBytes, spoolBytes] = lane.isOwnLog
      ? [leastBytes, OWN_LOG_SPOOL_BYTES]
      : [Math.max(leastBytes, Math.floor(budget.pushBudgetBytes / count)), Math.floor(config.spoolBytes / count)];
    // One that got another name meanwhile still has its copies under the one it began with.
    let spoolFolder = spoolFolderOf(join(config.stateDir, 'spool'), lane.id);
    while (this.#spoolFolders.has(spoolFolder)) spoolFolder += '+';
    this.#spoolFolders.add(spoolFolder);
    const positions = positionsOf(journal, lane.id);
    const collector = new Collector({
      lane,
      budget: { ...budget, pushBudgetBytes },
      workers,
      sender,
      positions,
      spool: { folder: spoolFolder, limitBytes: spoolBytes },
      descriptors,
      events,
    });
    return { lane, positions, spoolFolder, collector, endpoint };
  }

  #connect({ destination }: Lane): { endpoint: Endpoint; sender: Sender } {
    const { workers, pushEvents: events } = this.#options;
    if (destination.kind === 'echo') {
      const endpoint = createEcho(destination.component, workers);
      return { endpoint, sender: createSender({ endpoint, events }) };
    }
    const endpoint = createEndpoint(destination.endpoint);
    const backoff = destination.backoff === null ? {} : { backoff: destination.backoff };
    return { endpoint, sender: createSender({ endpoint, events, ...backoff }) };
  }
}

/** What makes a lane the successor of another, the surest sign first. */
const LIKENESSES: readonly ((a: Lane, b: Lane) => boolean)[] = [
  (a, b) => a.id === b.id && sameFiles(a, b) && sameDestination(a.destination, b.destination),
  (a, b) => sameFiles(a, b) && sameDestination(a.destination, b.destination),
  (a, b) => a.id === b.id,
  sameFiles,
  (a, b) => sameDestination(a.destination, b.destination),
  () => true,
];

function sameFiles({ files: a }: Lane, { files: b }: Lane): boolean {
  return a.globs.length === b.globs.length && a.globs.every((glob) => b.globs.includes(glob));
}

/** Finds for each lane the member whose files and positions it takes over, if one is left; a member has one successor. */
function pairUp(lanes: readonly Lane[], members: readonly Member[]): { pairs: Pair[]; leaving: Member[] } {
  const leaving = [...members];
  const pairs = lanes.map((lane): Pair => ({ lane, member: undefined }));
  for (const alike of LIKENESSES) {
    for (const pair of pairs) {
      if (pair.member !== undefined) continue;
      const at = leaving.findIndex(({ lane }) => lane.isOwnLog === pair.lane.isOwnLog && alike(lane, pair.lane));
      if (at !== -1) [pair.member] = leaving.splice(at, 1);
    }
  }
  return { pairs, leaving };
}

/** How many lanes share memory and spool. */
function sharersOf(lanes: readonly Lane[]): number {
  return lanes.filter(({ isOwnLog }) => !isOwnLog).length;
}

function claimOf({ id, files }: Lane): { id: string; wants(path: string): boolean } {
  return { id, wants: (path) => files.labelsOf(path) !== null };
}
