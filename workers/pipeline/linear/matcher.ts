import type { RE2JS } from 're2js';
import { Chooser } from './choose.js';
import { EDGE, FLAGS } from './classes.js';
import { LIMITS, type Limits } from './limits.js';
import { Places } from './places.js';
import { CHAR, MATCH, type Program, programOf, SPLIT } from './program.js';
import { Viable } from './viable.js';

/**
 * Matches as RE2 does, leftmost-first, in time that grows with the text as with the program, whatever they are. First
 * backward: at each place, which nodes of the program lead to a match? Then forward from the first place where the
 * start of the program does: of several ways always the preferred one that does.
 */
export class LinearMatcher {
  readonly #program: Program;
  readonly #viable: Viable;
  readonly #places: Places;
  readonly #chooser: Chooser;
  /** For each node whether it takes a character in a loop of its own, such as `.*`, which goes on as long as it can. */
  readonly #loops: Uint8Array;
  #walked = 0;

  constructor(re2: RE2JS, limits: Limits = LIMITS) {
    this.#program = programOf(re2);
    this.#viable = new Viable(this.#program, limits);
    this.#places = new Places(this.#viable, limits.places);
    this.#chooser = new Chooser(this.#viable, 2 * (re2.groupCount() + 1), limits);
    const { op, out, chars } = this.#program;
    this.#loops = Uint8Array.from({ length: chars }, (_, node) => {
      const behind = out[node]!;
      return op[behind] === SPLIT && out[behind] === node ? 1 : 0;
    });
  }

  /** How many characters and nodes of the program were looked at. */
  get steps(): number {
    return this.#walked + this.#places.steps + this.#viable.steps + this.#chooser.steps;
  }

  test(text: string): boolean {
    const begins = this.#look(text, true);
    this.#places.leave();
    return begins;
  }

  /** The first match as pairs of start and end for it and its groups, -1 for groups without part; null without one. */
  first(text: string): number[] | null {
    const match = this.#look(text, false) ? this.#match(text, this.#places.nextBegin(0)) : null;
    this.#places.leave();
    return match;
  }

  /** Every match, as `first` gives it; as in Go, no empty one right behind the match before it. */
  all(text: string): number[][] {
    const matches: number[][] = [];
    let lastEnd = -1;
    let begin = this.#look(text, false) ? this.#places.nextBegin(0) : -1;
    while (begin >= 0) {
      const match = this.#match(text, begin);
      const end = match[1]!;
      if (end > begin || end !== lastEnd) matches.push(match);
      lastEnd = end;
      begin = this.#places.nextBegin(end > begin ? end : begin + 1);
    }
    this.#places.leave();
    return matches;
  }

  #look(text: string, any: boolean): boolean {
    const { prefix, literal } = this.#program;
    if (literal !== '' && !text.includes(literal)) return false;
    const low = prefix === '' ? 0 : text.indexOf(prefix);
    return low >= 0 && this.#places.look(text, low, any);
  }

  /** The match that begins at `begin`. */
  #match(text: string, begin: number): number[] {
    const { op, out, start, flags } = this.#program;
    const { classes, contextAt, setAt } = this.#viable;
    const { slots } = this.#chooser;
    slots.fill(-1);
    let block = this.#places.around(begin);
    let { states } = this.#places;
    let { table } = this.#viable;
    let node = start;
    let place = begin;
    for (;;) {
      if (op[node] !== CHAR) {
        if (place > block.high) {
          block = this.#places.around(place);
          ({ states } = this.#places);
          ({ table } = this.#viable);
        }
        const { high } = block;
        let state = states[high - place]! >> 1;
        let holds = 0;
        if (flags !== 0) {
          const before = place === 0 ? EDGE : classes.contexts[classes.of(text.charCodeAt(place - 1))]!;
          holds = FLAGS[4 * before + table[state + contextAt]!]!;
        }
        node = this.#chooser.choose(node, state, holds, place);
        if (op[node] === MATCH) break;
        if (this.#loops[node] === 1) {
          const word = setAt + (node >> 5);
          const bit = 1 << (node & 31);
          do {
            place += widthAt(text, place);
            if (place > high) break;
            state = states[high - place]! >> 1;
          } while ((table[state + word]! & bit) !== 0);
          node = out[node]!;
          continue;
        }
      }
      place += widthAt(text, place);
      node = out[node]!;
    }
    this.#walked += place - begin;
    slots[0] = begin;
    slots[1] = place;
    const pairs: number[] = [];
    for (let i = 0; i < slots.length; i++) pairs.push(slots[i]!);
    return pairs;
  }
}

function widthAt(text: string, place: number): number {
  return (text.charCodeAt(place) & 0xfc00) === 0xd800 && text.codePointAt(place)! > 0xffff ? 2 : 1;
}
