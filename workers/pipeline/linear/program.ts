import type { RE2JS } from 're2js';

/** What a node does. */
export const CHAR = 0;
export const SPLIT = 1;
export const ASSERT = 2;
export const CAPTURE = 3;
export const MATCH = 4;
export const FAIL = 5;

/** A program of RE2, as nodes in flat arrays. Those that take a character come first: they are bits of a state. */
export interface Program {
  /** How many nodes take a character: they have the numbers below. */
  chars: number;
  /** For each node what it does. */
  op: Uint8Array;
  /** For each node the one behind it; of a SPLIT the one that is tried first. */
  out: Int32Array;
  /** SPLIT: the node that is tried second; ASSERT: the flags it asks for; CAPTURE: its slot; CHAR: its set. */
  arg: Int32Array;
  start: number;
  /** The sets of characters that nodes take. */
  sets: CharSet[];
  /** All the flags that any ASSERT asks for. */
  flags: number;
  /** What each match begins with; empty if not known. */
  prefix: string;
  /** What else each match contains; empty if not known. */
  literal: string;
}

/** A set of characters, as re2js keeps it. */
export interface CharSet {
  /** One character, or pairs of first and last. */
  readonly runes: Int32Array;
  /** Of one character, not 0: case does not count. */
  readonly arg: number;
  /** Whether it takes a code point. */
  matchRune(code: number): boolean;
}

/** The part of re2js' instructions that is read here; its types leave it open. */
interface Instruction extends CharSet {
  readonly op: number;
  readonly out: number;
}

/** What re2js knows to be in each match, see Prefilter in its source. */
interface Prefilter {
  readonly type: number;
  readonly str: string;
  readonly subs: readonly Prefilter[];
}
const RE2_EXACT = 1;
const RE2_AND = 2;

// Numbers of re2js' instructions, see Inst in its source.
const RE2_ALT = 1;
const RE2_ALT_MATCH = 2;
const RE2_CAPTURE = 3;
const RE2_EMPTY_WIDTH = 4;
const RE2_FAIL = 5;
const RE2_MATCH = 6;
const RE2_NOP = 7;
const RE2_RUNE = 8;
const RE2_RUNE_ANY_NOT_NL = 11;

function kindOf(op: number): number {
  if (op >= RE2_RUNE && op <= RE2_RUNE_ANY_NOT_NL) return CHAR;
  if (op === RE2_ALT || op === RE2_ALT_MATCH) return SPLIT;
  if (op === RE2_CAPTURE) return CAPTURE;
  if (op === RE2_EMPTY_WIDTH) return ASSERT;
  if (op === RE2_MATCH) return MATCH;
  if (op === RE2_FAIL) return FAIL;
  throw new Error(`an instruction that is not known: ${op}`);
}

/** The program that re2js has compiled, without what does nothing and what cannot be reached. */
export function programOf(re2: RE2JS): Program {
  const { inst, start }: { inst: Instruction[]; start: number } = re2.re2Input.prog;
  const skip = (at: number): number => {
    let pc = at;
    while (inst[pc]!.op === RE2_NOP) pc = inst[pc]!.out;
    return pc;
  };
  const order = reachable(inst, skip, skip(start));
  const chars = order.filter((pc) => kindOf(inst[pc]!.op) === CHAR);
  const nodes = [...chars, ...order.filter((pc) => kindOf(inst[pc]!.op) !== CHAR)];
  const numbers = new Int32Array(inst.length);
  for (const [number, pc] of nodes.entries()) numbers[pc] = number;

  const sets = new Map<string, number>();
  const program: Program = {
    chars: chars.length,
    op: new Uint8Array(nodes.length),
    out: new Int32Array(nodes.length),
    arg: new Int32Array(nodes.length),
    start: numbers[skip(start)]!,
    sets: [],
    flags: 0,
    prefix: re2.re2Input.prefix,
    literal: literalOf(re2.re2Input.prefilter),
  };
  if (program.prefix.includes(program.literal)) program.literal = '';
  const known = new Map<Int32Array, [number, number]>();
  for (const [number, pc] of nodes.entries()) {
    const instruction = inst[pc]!;
    const kind = kindOf(instruction.op);
    program.op[number] = kind;
    if (kind !== MATCH && kind !== FAIL) program.out[number] = numbers[skip(instruction.out)]!;
    if (kind === SPLIT) program.arg[number] = numbers[skip(instruction.arg)]!;
    else if (kind === CHAR) program.arg[number] = setOf(instruction);
    else program.arg[number] = instruction.arg;
    if (kind === ASSERT) program.flags |= instruction.arg;
  }
  return program;

  function setOf(instruction: Instruction): number {
    // Copies of a class share its array, which may be long.
    const same = known.get(instruction.runes);
    if (same !== undefined && same[0] === instruction.arg) return same[1];
    const key = `${instruction.arg} ${instruction.runes.join(' ')}`;
    const set = sets.get(key) ?? program.sets.push(instruction) - 1;
    sets.set(key, set);
    known.set(instruction.runes, [instruction.arg, set]);
    return set;
  }
}

/** The longest text that re2js knows to be in each match. */
function literalOf(prefilter: Prefilter | null): string {
  if (prefilter?.type === RE2_EXACT) return prefilter.str;
  if (prefilter?.type !== RE2_AND) return '';
  return prefilter.subs.map(literalOf).reduce((longest, one) => (one.length > longest.length ? one : longest), '');
}

/** What can be reached from `start`, in the order of the program. */
function reachable(inst: readonly Instruction[], skip: (pc: number) => number, start: number): number[] {
  const seen = new Uint8Array(inst.length);
  const open = [start];
  for (let pc = open.pop(); pc !== undefined; pc = open.pop()) {
    if (seen[pc] === 1) continue;
    seen[pc] = 1;
    const kind = kindOf(inst[pc]!.op);
    if (kind === MATCH || kind === FAIL) continue;
    open.push(skip(inst[pc]!.out));
    if (kind === SPLIT) open.push(skip(inst[pc]!.arg));
  }
  return [...seen.keys()].filter((pc) => seen[pc] === 1);
}
