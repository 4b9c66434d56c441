import type { ContainerLog } from '../chain/container-log.js';
import type { Flight } from '../chain/generation.js';

interface Namespace {
  name: string;
  /** Bytes it may still hand out in this turn; below zero when its last slice was larger than what was left. */
  deficit: number;
  /** Logs whose generation has newer ones behind it: nearer to being deleted unread. */
  urgent: ContainerLog[];
  calm: ContainerLog[];
  /** Takes turns between the two, so that a log that is always behind does not starve its neighbours. */
  calmNext: boolean;
}

export interface Permissions {
  mayTake: (log: ContainerLog) => boolean;
  isApart: (log: ContainerLog) => boolean;
}

/**
 * Chooses what is read next: deficit round robin by bytes over namespaces, and over the container logs in each. A log
 * is queued while it is due, and gives at most one batch in its turn.
 */
export class Planner {
  #batchBytes: number;
  readonly #maxSlices: number;
  /** In the order of their turns; only those with a due log. */
  readonly #turns: Namespace[] = [];
  readonly #namespaces = new Map<string, Namespace>();

  /** @param maxSlices so many in one job: each holds a descriptor while it is read */
  constructor(batchBytes: number, maxSlices = Number.POSITIVE_INFINITY) {
    this.#batchBytes = batchBytes;
    this.#maxSlices = maxSlices;
  }

  set batchBytes(value: number) {
    this.#batchBytes = value;
  }

  /** Queues a log for its turn; nothing if it is queued already. */
  add(log: ContainerLog): void {
    if (log.due) return;
    log.due = true;
    this.#enqueue(this.#namespaceOf(log), log);
  }

  /**
   * Fills one job with about `batchBytes` of the logs whose turn it is; null if nothing is to be read.
   *
   * @param mayTake whether a log may hand out more now (it may hold too much of the memory budget)
   * @param isApart whether a log needs jobs of its own, so that its trouble does not become that of others
   */
  nextJob(nowMs: number, { mayTake, isApart }: Permissions): Flight[] | null {
    const flights: Flight[] = [];
    /** May run ahead, but not together with others. */
    const later: ContainerLog[] = [];
    let roomBytes = this.#batchBytes;
    while (roomBytes > 0 && flights.length < this.#maxSlices) {
      const namespace = this.#nextNamespace();
      if (namespace === null) break;
      const log = this.#takeLog(namespace);
      const apart = isApart(log);
      if (apart && flights.length > 0) {
        this.add(log);
        break;
      }
      const flight = mayTake(log) ? log.nextFlight(roomBytes, flights.length === 0, nowMs) : null;
      if (flight === null) {
        if (flights.length > 0 && log.behind) later.push(log);
        continue;
      }
      const bytes = Math.min(flight.to - flight.from, this.#batchBytes);
      namespace.deficit -= bytes;
      roomBytes -= bytes;
      flights.push(flight);
      if (log.behind) this.add(log);
      if (!flight.aligned || apart) break;
      // A small piece of a large backlog would cost a whole slice later: leave it to a job of its own.
      if (roomBytes < this.#batchBytes / 4) break;
    }
    for (const log of later) this.add(log);
    return flights.length === 0 ? null : flights;
  }

  #nextNamespace(): Namespace | null {
    for (;;) {
      const namespace = this.#turns[0];
      if (namespace === undefined) return null;
      if (namespace.urgent.length + namespace.calm.length === 0) {
        this.#turns.shift();
        this.#namespaces.delete(namespace.name);
        continue;
      }
      if (namespace.deficit > 0) return namespace;
      namespace.deficit += this.#batchBytes;
      this.#turns.shift();
      this.#turns.push(namespace);
    }
  }

  #takeLog(namespace: Namespace): ContainerLog {
    const { urgent, calm } = namespace;
    const fromCalm = calm.length > 0 && (urgent.length === 0 || namespace.calmNext);
    namespace.calmNext = !fromCalm;
    const log = (fromCalm ? calm.shift() : urgent.shift()) as ContainerLog;
    log.due = false;
    return log;
  }

  #enqueue(namespace: Namespace, log: ContainerLog): void {
    (log.generationsBehind > 0 ? namespace.urgent : namespace.calm).push(log);
  }

  #namespaceOf(log: ContainerLog): Namespace {
    const name = log.pod.namespace;
    let namespace = this.#namespaces.get(name);
    if (namespace === undefined) {
      namespace = { name, deficit: this.#batchBytes, urgent: [], calm: [], calmNext: false };
      this.#namespaces.set(name, namespace);
      this.#turns.push(namespace);
    }
    return namespace;
  }
}
