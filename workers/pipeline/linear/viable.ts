import { Classes, EDGE, FLAGS } from './classes.js';
import { type Edges, edgesOf } from './edges.js';
import type { Limits } from './limits.js';
import { ASSERT, CHAR, MATCH, type Program } from './program.js';

/** A way out of a state that nobody has gone yet, and one for which there is no room. */
export const UNKNOWN = -1;
export const FULL = -2;

/** The state at the end of a text. */
export const END = 0;

/**
 * Goes backward over a text and knows at each place which nodes lead to a match from there. A state is the set of the
 * nodes that take the character behind the place and can go on to a match, with what this character is to assertions.
 * States are made when they are first met, and all forgotten when there are too many.
 *
 * A state is known by its place in `table`: its ways out, one for each class of the character before the place, and one
 * for the beginning of the text; then its context, the next state of the same hash, and its set, a bit for each node. A
 * way out is twice the next state, plus one if a match may begin at the place.
 */
export class Viable {
  readonly program: Program;
  readonly classes: Classes;
  table: Int32Array;
  /** Where in a state its context and its set stand. */
  readonly contextAt: number;
  readonly setAt: number;
  /** How many nodes were looked at. */
  steps = 0;
  /** How often all states were forgotten. */
  generation = 0;

  readonly #size: number;
  /** Words of a set. */
  readonly #words: number;
  readonly #maxWords: number;
  #used = 0;
  readonly #byHash = new Map<number, number>();
  readonly #edges: Edges;
  /** For each class the set of all nodes that take it. */
  readonly #taken: Int32Array;
  readonly #marks: Int32Array;
  #mark = 0;
  readonly #open: Int32Array;
  readonly #match: number;

  constructor(program: Program, limits: Limits) {
    this.program = program;
    this.classes = new Classes(program.sets, program.flags);
    this.contextAt = this.classes.count + 1;
    this.setAt = this.contextAt + 2;
    this.#words = Math.ceil(program.chars / 32);
    this.#size = this.setAt + this.#words;
    this.#maxWords = Math.max(limits.words, limits.states * this.#size);
    this.table = new Int32Array(Math.min(this.#maxWords, 4 * this.#size));
    const nodes = program.op.length;
    this.#marks = new Int32Array(nodes);
    this.#open = new Int32Array(nodes);
    this.#match = program.op.indexOf(MATCH);
    this.#edges = edgesOf(program);
    this.#taken = new Int32Array(this.classes.count * this.#words);
    for (let cls = 0; cls < this.classes.count; cls++) {
      const takes = program.sets.map((_, set) => this.classes.takes(cls, set));
      for (let node = 0; node < program.chars; node++)
        if (takes[program.arg[node]!]) this.#taken[cls * this.#words + (node >> 5)]! |= 1 << (node & 31);
    }
    this.#forget();
  }

  /** What tells a state, for `restore`. */
  save(state: number): Int32Array {
    return this.table.slice(state + this.contextAt, state + this.#size);
  }

  /** The state that was saved, or END for null. */
  resume(saved: Int32Array | null): number {
    if (saved === null) return END;
    if (!this.#clear(this.#used)) return this.restore(saved);
    this.table.set(saved, this.#used + this.contextAt);
    return this.#intern(saved[0]!);
  }

  /** The state that was saved; all others are forgotten. */
  restore(saved: Int32Array | null): number {
    this.#forget();
    return this.resume(saved);
  }

  #forget(): void {
    this.generation++;
    this.#used = 0;
    this.#byHash.clear();
    this.#clear(0);
    this.#intern(EDGE);
  }

  /** The way out of `state` over a character of `cls`, or over the beginning of the text; FULL if it has no room. */
  step(state: number, cls: number): number {
    const made = this.#used;
    if (!this.#clear(made)) return FULL;
    const { contexts, count } = this.classes;
    const mark = this.#close(state, made, FLAGS[4 * contexts[cls]! + this.table[state + this.contextAt]!]!);
    const begins = this.#begins(state, mark) ? 1 : 0;
    let way = begins;
    if (cls < count) {
      const { table } = this;
      for (let i = 0; i < this.#words; i++) table[made + this.setAt + i]! &= this.#taken[cls * this.#words + i]!;
      way = 2 * this.#intern(contexts[cls]!) + begins;
    }
    this.table[state + cls] = way;
    return way;
  }

  /** Puts the nodes that take a character and then lead to the set of `state` into that of `made`, and marks the others. */
  #close(state: number, made: number, flags: number): number {
    const { table, setAt } = this;
    const { op, arg } = this.program;
    const { chars, empties, chained } = this.#edges;
    const open = this.#open;
    const marks = this.#marks;
    const mark = this.#nextMark();
    let depth = 0;
    if (this.#match >= 0) open[depth++] = this.#match;
    for (let i = 0; i < this.#words; i++) {
      const set = table[state + setAt + i]!;
      const shifted = set & chained[i]!;
      table[made + setAt + i]! |= shifted >>> 1;
      if ((shifted & 1) === 1) table[made + setAt + i - 1]! |= 1 << 31;
      for (let bits = set & ~shifted; bits !== 0; bits &= bits - 1)
        open[depth++] = 32 * i + 31 - Math.clz32(bits & -bits);
    }
    let steps = this.#words;
    while (depth > 0) {
      const node = open[--depth]!;
      const charsEnd = chars.at[node + 1]!;
      for (let at = chars.at[node]!; at < charsEnd; at++) {
        const before = chars.items[at]!;
        table[made + setAt + (before >> 5)]! |= 1 << (before & 31);
        steps++;
      }
      const emptiesEnd = empties.at[node + 1]!;
      for (let at = empties.at[node]!; at < emptiesEnd; at++) {
        const before = empties.items[at]!;
        steps++;
        if (marks[before] === mark || (op[before] === ASSERT && (arg[before]! & ~flags) !== 0)) continue;
        marks[before] = mark;
        open[depth++] = before;
      }
    }
    this.steps += steps;
    return mark;
  }

  #begins(state: number, mark: number): boolean {
    const { start } = this.#edges;
    if (start === this.#match) return true;
    if (this.program.op[start] !== CHAR) return this.#marks[start] === mark;
    return ((this.table[state + this.setAt + (start >> 5)]! >>> (start & 31)) & 1) === 1;
  }

  /** Makes room for a state at `at`, with an empty set; false if it has none. */
  #clear(at: number): boolean {
    if (at + this.#size > this.#maxWords) return false;
    if (at + this.#size > this.table.length) {
      const larger = new Int32Array(Math.min(this.#maxWords, 2 * this.table.length));
      larger.set(this.table);
      this.table = larger;
    }
    this.table.fill(UNKNOWN, at, at + this.contextAt);
    this.table.fill(0, at + this.contextAt, at + this.#size);
    return true;
  }

  /** The state whose set stands behind the last one: an older one with the same set, or it itself. */
  #intern(context: number): number {
    const { table } = this;
    const made = this.#used;
    table[made + this.contextAt] = context;
    let hash = context;
    for (let at = made + this.setAt; at < made + this.#size; at++)
      hash = (Math.imul(hash, 0x9e3779b1) ^ (hash >>> 15)) + table[at]!;
    hash |= 0;
    const first = this.#byHash.get(hash) ?? -1;
    for (let state = first; state >= 0; state = table[state + this.contextAt + 1]!)
      if (this.#same(state, made)) return state;
    table[made + this.contextAt + 1] = first;
    this.#byHash.set(hash, made);
    this.#used += this.#size;
    return made;
  }

  #nextMark(): number {
    if (this.#mark === 0x7fffffff) {
      this.#marks.fill(0);
      this.#mark = 0;
    }
    return ++this.#mark;
  }

  #same(a: number, b: number): boolean {
    if (this.table[a + this.contextAt] !== this.table[b + this.contextAt]) return false;
    for (let i = this.setAt; i < this.#size; i++) if (this.table[a + i] !== this.table[b + i]) return false;
    return true;
  }
}
