import { END, FULL, type Viable } from './viable.js';

/** What is remembered of a block, see `Places.states`. All patterns of a thread use the same memory. */
let memory = new Int32Array(1 << 10);

/** Neighbouring places, which one pass backward can go through without forgetting states. */
export interface Block {
  /** First and last place. */
  low: number;
  high: number;
  /** The state at the last place; null at the end of the text. */
  state: Int32Array | null;
  /** The first place where a match may begin; -1 if there is none. */
  begin: number;
}

/** The places of a text with their states, as a pass backward has found them. Of one text at a time. */
export class Places {
  /** How many characters were passed. */
  steps = 0;
  readonly #viable: Viable;
  readonly #blockPlaces: number;
  #text = '';
  /** The blocks of the text, its last one first. */
  readonly #blocks: Block[] = [];
  /** The block where matches are looked for, and the one that is remembered. */
  #current = 0;
  #remembered: Block | null = null;
  /** The state where the last pass has ended. */
  #state = END;

  constructor(viable: Viable, blockPlaces: number) {
    this.#viable = viable;
    this.#blockPlaces = blockPlaces;
  }

  /** For each place of the block that is remembered, from its last one on: twice its state, plus one if a match may begin. */
  get states(): Int32Array {
    return memory;
  }

  /** Goes over a text down to the place `low`. Whether a match may begin somewhere; if `any`, the first one ends it. */
  look(text: string, low: number, any: boolean): boolean {
    this.#text = text;
    this.#blocks.length = 0;
    this.#state = END;
    let block: Block = { low, high: text.length, state: null, begin: -1 };
    let begins = false;
    for (;;) {
      block.low = Math.max(low, block.high - this.#blockPlaces + 1);
      const place = this.#pass(block, this.#state, any);
      begins ||= block.begin >= 0;
      if (place < low || (any && begins)) break;
      const state = this.#viable.save(this.#state);
      if (place >= block.low) this.#state = this.#viable.restore(state);
      if (place === block.high) continue;
      block.low = place + 1;
      this.#blocks.push(block);
      block = { low, high: place, state, begin: -1 };
    }
    this.#blocks.push(block);
    this.#current = this.#blocks.length - 1;
    return begins;
  }

  /** Lets go of the text. */
  leave(): void {
    this.#text = '';
    this.#blocks.length = 0;
    this.#remembered = null;
  }

  /** The first place from `at` on where a match may begin; -1 if there is none. `at` must not become less. */
  nextBegin(at: number): number {
    for (; this.#current >= 0; this.#current--) {
      const block = this.#blocks[this.#current]!;
      if (block.begin < 0 || block.high < at) continue;
      if (block.begin >= at) return block.begin;
      this.#remember(block);
      for (let place = Math.max(at, block.low); place <= block.high; place++) {
        this.steps++;
        if ((memory[block.high - place]! & 1) === 1) return place;
      }
    }
    return -1;
  }

  /** The block of a place, which is now remembered. Not one before the last begin. */
  around(place: number): Block {
    let at = this.#current;
    while (this.#blocks[at]!.high < place) at--;
    const block = this.#blocks[at]!;
    this.#remember(block);
    return block;
  }

  #remember(block: Block): void {
    if (this.#remembered === block) return;
    const place = this.#pass(block, this.#viable.resume(block.state), false);
    // What the block has needed before fits once more, when all else is forgotten.
    if (place >= block.low) this.#pass(block, this.#viable.restore(block.state), false);
  }

  /** Remembers the places of a block, from the last one on. The result is the place that is next, or has no room. */
  #pass(block: Block, from: number, any: boolean): number {
    const { low, high } = block;
    const { classes } = this.#viable;
    const { small } = classes;
    const text = this.#text;
    if (memory.length < high - low + 2) memory = new Int32Array(2 * (high - low + 2));
    const states = memory;
    this.#remembered = block;
    let { table } = this.#viable;
    let state = from;
    let place = high;
    let begin = -1;
    while (place >= low) {
      let cls = classes.count;
      let width = 1;
      if (place > 0) {
        const code = text.charCodeAt(place - 1);
        if (code < 256) cls = small[code]!;
        else {
          const point = pointBefore(text, place);
          cls = classes.of(point);
          if (point > 0xffff) width = 2;
        }
      }
      let way = table[state + cls]!;
      if (way < 0) {
        way = this.#viable.step(state, cls);
        if (way === FULL) break;
        table = this.#viable.table;
      }
      const index = high - place;
      states[index] = 2 * state + (way & 1);
      state = way >> 1;
      place -= width;
      if ((way & 1) === 1) {
        begin = place + width;
        if (any) break;
      }
      // Between the halves of a character no match begins.
      if (width === 2) states[index + 1] = 0;
    }
    block.begin = begin;
    this.steps += high - place;
    this.#state = state;
    return place;
  }
}

/** The code point that ends at `place`. */
function pointBefore(text: string, place: number): number {
  const code = text.charCodeAt(place - 1);
  if ((code & 0xfc00) !== 0xdc00 || place === 1) return code;
  const point = text.codePointAt(place - 2)!;
  return point > 0xffff ? point : code;
}
