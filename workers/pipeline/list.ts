import type { Entry } from './entry.js';
import type { Stage } from './stage.js';

/** Stages one after another. */
export class StageList {
  #stages: readonly Stage[] = [];
  /** For each stage as it was compiled, where the stage after it stands now. */
  #after: readonly number[] = [];
  readonly #done: (entry: Entry) => void;

  /** `done` gets the entries that stages emit, once they are through the list. */
  constructor(done: (entry: Entry) => void) {
    this.#done = done;
  }

  /** `after`: for the stage that was compiled as number i, the place in `stages` of the one after it. */
  use(stages: readonly Stage[], after: readonly number[]): void {
    this.#stages = stages;
    this.#after = after;
  }

  /** Takes the entry through the stages from `first` on; returns whether it came out at the end. */
  run(entry: Entry, first = 0): boolean {
    const stages = this.#stages;
    for (let i = first; i < stages.length; i++) if (!stages[i]!.process(entry)) return false;
    return true;
  }

  /** How the stage that was compiled as number `index` emits. */
  emitter(index: number): (entry: Entry) => void {
    return (entry) => {
      if (this.run(entry, this.#after[index]!)) this.#done(entry);
    };
  }
}
