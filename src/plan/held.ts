import type { TenantPush } from '../protocol.js';
import { type Job, logOf, type Unit } from './job.js';

/** What jobs take of the memory budget: all of them, and of that each container log. */
export class Held {
  readonly #release: (push: TenantPush) => void;
  #bytes = 0;

  /** @param release the bytes of a push are not needed any more */
  constructor(release: (push: TenantPush) => void) {
    this.#release = release;
  }

  /** What all jobs take together. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A job takes so many bytes from now on; its logs have a share by what is read of each. */
  set(job: Job, bytes: number): void {
    this.#bytes += bytes - job.heldBytes;
    job.heldBytes = bytes;
    const total = job.units.reduce((sum, unit) => sum + unit.to - unit.from, 0);
    for (const unit of job.units) {
      const share = total === 0 ? 0 : Math.round((bytes * (unit.to - unit.from)) / total);
      setShare(unit, share);
    }
  }

  /** A unit leaves its job: its log has no share any more, whatever the others' will be. */
  giveBack(unit: Unit): void {
    setShare(unit, 0);
  }

  /** Neither its pushes nor its place in the budget is needed any more. */
  drop(job: Job): void {
    this.set(job, 0);
    for (const push of job.pushes.splice(0)) this.#release(push);
  }
}

function setShare(unit: Unit, bytes: number): void {
  logOf(unit).heldBytes += bytes - unit.heldBytes;
  unit.heldBytes = bytes;
}
