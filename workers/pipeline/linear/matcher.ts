import type { RE2JS } from 're2js';
import { Chooser } from './choose.js';
import { EDGE, FLAGS } from './classes.js';
import { CHAR, MATCH, type Program, programOf } from './program.js';
import { END, FULL, Viable } from './viable.js';

/** Most places that are remembered at once. A longer text is gone through twice, in blocks. */
const BLOCK_PLACES = 1 << 16;

/** For each place of a block twice the state there, plus one if a match may begin. All patterns of a thread use it. */
let places = new Int32Array(1 << 10);

/** Neighbouring places, which one pass backward can go through without forgetting states. */
interface Block {
  /** First and last place. */
  low: number;
  high: number;
  /** The state at the last place; null at the end of the text. */
  state: Int32Array | null;
  /** The first place where a match may begin; -1 if there is none. */
  begin: number;
}

/**
 * Matches as RE2 does, leftmost-first, in time that grows with the text as with the program, whatever they are. First
 * backward: at each place, which nodes of the program lead to a match? Then forward from the first place where the
 * start of the program does: of several ways always the preferred one that does.
 */
export class LinearMatcher {
  readonly #program: Program;
  readonly #viable: Viable;
  readonly #chooser: Chooser;
  readonly #prefix: string;
  /** The blocks of the text, from its end on; the one where matches are looked for; the one whose places are remembered. */
  readonly #blocks: Block[] = [];
  #current = 0;
  #filled: Block | null = null;
  /** The state where the last pass has ended. */
  #state = END;
  #characters = 0;

  constructor(re2: RE2JS) {
    this.#program = programOf(re2);
    this.#viable = new Viable(this.#program);
    this.#chooser = new Chooser(this.#program, 2 * (re2.groupCount() + 1), this.#viable.setAt);
    this.#prefix = re2.re2Input.prefix;
  }

  /** How many characters and nodes of the program were looked at. */
  get steps(): number {
    return this.#characters + this.#viable.steps + this.#chooser.steps;
  }

  test(text: string): boolean {
    return this.#backward(text, true);
  }

  /** The first match as pairs of start and end for it and its groups, -1 for groups without part; null without one. */
  first(text: string): number[] | null {
    if (!this.#backward(text, false)) return null;
    return this.#match(text, this.#nextBegin(text, 0));
  }

  /** Every match, as `first` gives it; as in Go, no empty one right behind the match before it. */
  all(text: string): number[][] {
    const matches: number[][] = [];
    if (!this.#backward(text, false)) return matches;
    let lastEnd = -1;
    let begin = this.#nextBegin(text, 0);
    while (begin >= 0) {
      const match = this.#match(text, begin);
      const end = match[1]!;
      if (end > begin || end !== lastEnd) matches.push(match);
      lastEnd = end;
      begin = this.#nextBegin(text, end > begin ? end : begin + 1);
    }
    return matches;
  }

  /** Goes over the text backward. True if there is a match; `any` ends it there. */
  #backward(text: string, any: boolean): boolean {
    const low = this.#prefix === '' ? 0 : text.indexOf(this.#prefix);
    this.#blocks.length = 0;
    if (low < 0) return false;
    let begins = false;
    let block: Block = { low, high: text.length, state: null, begin: -1 };
    this.#state = END;
    for (;;) {
      block.low = Math.max(low, block.high - BLOCK_PLACES + 1);
      const place = this.#fill(text, block, this.#state, any);
      begins ||= block.begin >= 0;
      const isFull = place >= block.low;
      if (place < low || (any && begins)) break;
      const state = this.#viable.save(this.#state);
      if (isFull) this.#restore(state);
      if (place === block.high) continue;
      block.low = place + 1;
      this.#blocks.push(block);
      block = { low, high: place, state, begin: -1 };
    }
    this.#blocks.push(block);
    this.#current = this.#blocks.length - 1;
    return begins;
  }

  #restore(state: Int32Array | null): void {
    this.#chooser.forget();
    this.#state = this.#viable.restore(state);
  }

  /** Remembers the places of a block, from the last one on. The result is the place that is next, or has no room. */
  #fill(text: string, block: Block, from: number, any: boolean): number {
    const { low, high } = block;
    const { classes } = this.#viable;
    const { small } = classes;
    if (places.length < high - low + 2) places = new Int32Array(2 * (high - low + 2));
    const remembered = places;
    let { table } = this.#viable;
    let state = from;
    let place = high;
    this.#filled = block;
    while (place >= low) {
      let width = 1;
      let cls = classes.count;
      if (place > 0) {
        const code = text.charCodeAt(place - 1);
        if (code < small.length) cls = small[code]!;
        else {
          const point = isTrail(code) && place > 1 ? text.codePointAt(place - 2)! : code;
          if (point > 0xffff) width = 2;
          cls = classes.of(width === 2 ? point : code);
        }
      }
      let way = table[state + cls]!;
      if (way < 0) {
        way = this.#viable.step(state, cls);
        if (way === FULL) break;
        table = this.#viable.table;
      }
      remembered[high - place] = 2 * state + (way & 1);
      // Between the halves of a character no match begins.
      if (width === 2) remembered[high - place + 1] = 0;
      state = way >> 1;
      place -= width;
      if ((way & 1) === 1) {
        block.begin = place + width;
        if (any) break;
      }
    }
    this.#characters += high - place;
    this.#state = state;
    return place;
  }

  /** The first place from `at` on where a match may begin; -1 if there is none. */
  #nextBegin(text: string, at: number): number {
    for (; this.#current >= 0; this.#current--) {
      const block = this.#blocks[this.#current]!;
      if (block.begin < 0 || block.high < at) continue;
      if (block.begin >= at) return block.begin;
      this.#recall(text, block);
      this.#characters++;
      for (let place = Math.max(at, block.low); place <= block.high; place++) {
        if ((places[block.high - place]! & 1) === 1) return place;
      }
    }
    return -1;
  }

  #recall(text: string, block: Block): void {
    if (this.#filled === block) return;
    this.#restore(block.state);
    this.#fill(text, block, this.#state, false);
  }

  /** The match that begins at `begin`. */
  #match(text: string, begin: number): number[] {
    const { op, out, start, flags } = this.#program;
    const { classes, contextAt } = this.#viable;
    const { slots } = this.#chooser;
    slots.fill(-1);
    let node = start;
    let place = begin;
    for (let at = this.#current; ; ) {
      if (op[node] !== CHAR) {
        while (this.#blocks[at]!.high < place) at--;
        const block = this.#blocks[at]!;
        this.#recall(text, block);
        const { table } = this.#viable;
        const state = places[block.high - place]! >> 1;
        let holds = 0;
        if (flags !== 0) {
          const before = place === 0 ? EDGE : classes.contexts[classes.of(text.charCodeAt(place - 1))]!;
          holds = FLAGS[4 * before + table[state + contextAt]!]!;
        }
        node = this.#chooser.choose(node, table, state, holds, place);
        if (op[node] === MATCH) break;
      }
      place += text.codePointAt(place)! > 0xffff ? 2 : 1;
      node = out[node]!;
    }
    this.#characters += place - begin;
    slots[0] = begin;
    slots[1] = place;
    const pairs: number[] = [];
    for (let i = 0; i < slots.length; i++) pairs.push(slots[i]!);
    return pairs;
  }
}

function isTrail(code: number): boolean {
  return (code & 0xfc00) === 0xdc00;
}
