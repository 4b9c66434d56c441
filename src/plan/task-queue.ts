import { FixedQueue, queueOptionsSymbol } from 'piscina';

type Queue = Pick<FixedQueue, 'size' | 'shift' | 'unshift' | 'push' | 'remove'>;
type Task = Parameters<Queue['push']>[0];

/** To be spread into a job that passes those of the others that still wait. */
export const URGENT = { [queueOptionsSymbol]: {} };

/** How a pool is told to keep an order: without `stricterFIFO` it puts the next job at the end each time a worker is free. */
export function inTurn(): { taskQueue: TaskQueue; stricterFIFO: true } {
  return { taskQueue: new TaskQueue(), stricterFIFO: true };
}

/** Jobs that wait for a worker: the urgent ones first, else in the order in which they came. */
class TaskQueue implements Queue {
  readonly #urgent: Queue = new FixedQueue();
  readonly #others: Queue = new FixedQueue();

  get size(): number {
    return this.#urgent.size + this.#others.size;
  }

  shift(): Task | null {
    return this.#urgent.size > 0 ? this.#urgent.shift() : this.#others.shift();
  }

  push(task: Task): void {
    this.#of(task).push(task);
  }

  /** For one that no worker could take after all. */
  unshift(task: Task): void {
    this.#of(task).unshift(task);
  }

  remove(task: Task): void {
    this.#of(task).remove(task);
  }

  #of(task: Task): Queue {
    return task[queueOptionsSymbol] === null ? this.#others : this.#urgent;
  }
}
