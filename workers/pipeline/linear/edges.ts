import { ASSERT, CAPTURE, CHAR, type Program, SPLIT } from './program.js';

/** For each of some numbers a list of numbers: that of i is at `items[at[i]]` and up, before `items[at[i + 1]]`. */
export interface Lists {
  at: Int32Array;
  items: Int32Array;
}

/** Which nodes of a program lead to which, without a character between them; captures are left out. */
export interface Edges {
  /** Where the program starts. */
  start: number;
  /** For each node those before it that take a character. */
  chars: Lists;
  /** For each node the others before it. */
  empties: Lists;
  /** A bit for each node that takes a character: only its neighbour below leads to it, and no assertion does. */
  chained: Int32Array;
}

/** More nodes than this before a node, and it is not looked whether it is chained. */
const MAX_LOOKED_AT = 4;

export function edgesOf(program: Program): Edges {
  const { op, out, arg } = program;
  const chars: [from: number, to: number][] = [];
  const empties: [from: number, to: number][] = [];
  for (const [node, kind] of op.entries()) {
    if (kind === CHAR) chars.push([node, past(program, out[node]!)]);
    else if (kind === ASSERT) empties.push([node, past(program, out[node]!)]);
    else if (kind === SPLIT) empties.push([node, past(program, out[node]!)], [node, past(program, arg[node]!)]);
  }
  const edges = {
    start: past(program, program.start),
    chars: listsOf(chars, op.length),
    empties: listsOf(empties, op.length),
    chained: new Int32Array(Math.ceil(program.chars / 32)),
  };
  for (let node = 1; node < program.chars; node++)
    if (isChained(program, edges, node)) edges.chained[node >> 5]! |= 1 << (node & 31);
  return edges;
}

/** The first node from `node` on that does more than capture. */
function past({ op, out }: Program, node: number): number {
  let at = node;
  while (op[at] === CAPTURE) at = out[at]!;
  return at;
}

function listsOf(edges: readonly (readonly [from: number, to: number])[], nodes: number): Lists {
  const at = new Int32Array(nodes + 1);
  for (const [, to] of edges) at[to + 1]!++;
  for (let node = 0; node < nodes; node++) at[node + 1]! += at[node]!;
  const next = at.slice();
  const items = new Int32Array(edges.length);
  for (const [from, to] of edges) items[next[to]!++] = from;
  return { at, items };
}

function isChained({ op }: Program, { start, chars, empties }: Edges, node: number): boolean {
  const looked = [node];
  let found = false;
  for (const to of looked) {
    for (let at = chars.at[to]!; at < chars.at[to + 1]!; at++) {
      if (chars.items[at] !== node - 1) return false;
      found = true;
    }
    for (let at = empties.at[to]!; at < empties.at[to + 1]!; at++) {
      const before = empties.items[at]!;
      if (op[before] === ASSERT || before === start || looked.length > MAX_LOOKED_AT) return false;
      if (!looked.includes(before)) looked.push(before);
    }
  }
  return found;
}
