import type { Limits } from './limits.js';
import { ASSERT, CAPTURE, CHAR, MATCH, type Program, SPLIT } from './program.js';
import type { Viable } from './viable.js';

/** So many nodes in a row are passed without a search. */
const MAX_DIRECT = 8;

/** A choice: the node it ends at, and the slots that are set on the way. */
interface Choice {
  leaf: number;
  slots: Int32Array;
}

/** Chooses between alternatives, as a search by priority would that tries only what leads to a match. */
export class Chooser {
  /** Where each group begins and ends: two slots for each, -1 for those without part. */
  readonly slots: Int32Array;
  /** How many nodes were looked at. */
  steps = 0;

  readonly #viable: Viable;
  readonly #limits: Limits;
  readonly #program: Program;
  readonly #marks: Int32Array;
  #mark = 0;
  /** What is still to be tried, and what slots have held that were set on the way; so much of it after a choice. */
  readonly #open: Int32Array;
  #depth = 0;
  /** Whether a choice at this node ever took long. */
  readonly #long: Uint8Array;
  readonly #choices = new Map<number, Choice>();
  #words = 0;
  /** The generation of the states in the keys of #choices. */
  #generation = 0;

  constructor(viable: Viable, slots: number, limits: Limits) {
    const { program } = viable;
    const nodes = program.op.length;
    this.slots = new Int32Array(slots);
    this.#viable = viable;
    this.#limits = limits;
    this.#program = program;
    this.#marks = new Int32Array(nodes);
    this.#open = new Int32Array(3 * nodes + 2);
    this.#long = new Uint8Array(nodes);
  }

  /**
   * The node that takes the next character, or MATCH, when `node` is reached at `place`, which has this state and these
   * flags.
   */
  choose(node: number, state: number, flags: number, place: number): number {
    const { op, out, arg } = this.#program;
    const { table, setAt } = this.#viable;
    let at = node;
    // While there is but one way, nothing has to be kept for another. An empty loop is left to the search.
    for (let i = 0; i < MAX_DIRECT; i++) {
      this.steps++;
      const kind = op[at]!;
      if (kind === CHAR || kind === MATCH) return at;
      if (kind === SPLIT) {
        const first = out[at]!;
        if (op[first] !== CHAR) break;
        if (((table[state + setAt + (first >> 5)]! >>> (first & 31)) & 1) === 1) return first;
        at = arg[at]!;
      } else {
        if (kind === CAPTURE) this.slots[arg[at]!] = place;
        at = out[at]!;
      }
    }
    if (this.#long[at] === 0) return this.#search(at, state, flags, place);
    const key = (state * 64 + flags) * op.length + at;
    if (this.#generation !== this.#viable.generation) this.#forget();
    const known = this.#choices.get(key);
    if (known === undefined) {
      const leaf = this.#search(at, state, flags, place);
      this.#remember(key, leaf);
      return leaf;
    }
    this.steps += known.slots.length;
    for (const slot of known.slots) this.slots[slot] = place;
    return known.leaf;
  }

  /** A node on the way is passed only once, so an empty turn of a loop ends it. */
  #search(from: number, state: number, flags: number, place: number): number {
    const { op, out, arg } = this.#program;
    const { table, setAt } = this.#viable;
    const open = this.#open;
    const marks = this.#marks;
    const mark = this.#nextMark();
    let node = from;
    let depth = 0;
    let steps = 0;
    for (;;) {
      steps++;
      const kind = op[node]!;
      if (kind === CHAR) {
        if (((table[state + setAt + (node >> 5)]! >>> (node & 31)) & 1) === 1) break;
      } else if (kind === MATCH) {
        break;
      } else if (marks[node] !== mark) {
        marks[node] = mark;
        if (kind === SPLIT) {
          open[depth++] = arg[node]!;
          node = out[node]!;
          continue;
        }
        if (kind === CAPTURE) {
          const slot = arg[node]!;
          open[depth++] = this.slots[slot]!;
          open[depth++] = -1 - slot;
          this.slots[slot] = place;
          node = out[node]!;
          continue;
        }
        if (kind === ASSERT && (arg[node]! & ~flags) === 0) {
          node = out[node]!;
          continue;
        }
      }
      // There is a way, or the state would not be one from which a match is reached; without one this must not spin.
      do {
        if (depth === 0) throw new Error('a state without a way to a match');
        node = open[--depth]!;
        if (node < 0) this.slots[-1 - node] = open[--depth]!;
      } while (node < 0);
    }
    this.steps += steps;
    this.#depth = depth;
    if (steps > this.#limits.choiceSteps) this.#long[from] = 1;
    return node;
  }

  #remember(key: number, leaf: number): void {
    const slots: number[] = [];
    for (let depth = this.#depth; depth > 0; ) {
      const entry = this.#open[--depth]!;
      if (entry >= 0) continue;
      slots.push(-1 - entry);
      depth--;
    }
    this.#words += 8 + slots.length;
    if (this.#words > this.#limits.choiceWords) {
      this.#forget();
      this.#words = 8 + slots.length;
    }
    this.#choices.set(key, { leaf, slots: Int32Array.from(slots) });
  }

  #forget(): void {
    this.#generation = this.#viable.generation;
    this.#choices.clear();
    this.#words = 0;
  }

  #nextMark(): number {
    if (this.#mark === 0x7fffffff) {
      this.#marks.fill(0);
      this.#mark = 0;
    }
    return ++this.#mark;
  }
}
