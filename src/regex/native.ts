import type { GroupNames } from './expand.js';
import { type Chars, NONE, type Node, Parser, Unknown, write } from './tree.js';

/** A pattern that RE2 takes, and that the engine of the language matches alike. */
export interface NativePattern {
  regexp: RegExp;
  names: GroupNames;
  /** The cost over a text of n characters is at most about n to this power. */
  degree: number;
}

/** Most copies of a repeated group that are looked at one by one. */
const MAX_COPIES = 8;
/** More ways than this to go through one text and the pattern is left to the linear matcher. */
const MAX_WAYS = 64;
/** A bounded repetition beyond this counts as unbounded. */
const SHORT_LOOP = 16;

/** What is known of everything behind a place in the pattern. */
interface Rest {
  /** What it may begin with; nothing if it can only be empty. */
  first: Chars;
  degree: number;
  /** In how many ways it may be gone through, loops apart. */
  ways: number;
}

function before(node: Node, rest: Rest): Rest {
  switch (node.kind) {
    case 'char':
      return { ...rest, first: node.chars };
    case 'end':
      return { ...rest, first: NONE };
    case 'begin':
    case 'edge':
      return rest;
    case 'seq':
      return node.nodes.reduceRight((behind, part) => before(part, behind), rest);
    case 'group':
      return before(node.body, rest);
    case 'alt': {
      const branches = node.branches.map((branch) => before(branch, rest));
      return {
        first: branches.reduce((first, branch) => first | branch.first, NONE),
        degree: Math.max(...branches.map((branch) => branch.degree)),
        ways: limited(branches.reduce((ways, branch) => ways + branch.ways, 0)),
      };
    }
    case 'repeat':
      return node.body.kind === 'char' ? beforeLoop(node.body.chars, node, rest) : beforeCopies(node, rest);
  }
}

function limited(ways: number): number {
  if (ways > MAX_WAYS) throw new Unknown();
  return ways;
}

function beforeLoop(chars: Chars, { min, max }: { min: number; max: number }, rest: Rest): Rest {
  const first = chars | (min === 0 ? rest.first : NONE);
  const unsure = (chars & rest.first) !== NONE;
  if (max <= SHORT_LOOP) return { first, degree: rest.degree, ways: limited(rest.ways * (unsure ? max - min + 1 : 1)) };
  // Where what follows can not begin with a character of the loop, only its very end is worth a try.
  return { first, degree: unsure ? rest.degree + 1 : Math.max(1, rest.degree), ways: rest.ways };
}

function beforeCopies({ body, min, max }: { body: Node; min: number; max: number }, rest: Rest): Rest {
  // JavaScript does not repeat what came out empty, and forgets the groups of the round before.
  if (max > MAX_COPIES || isNullable(body) || (max > 1 && captures(body))) throw new Unknown();
  let result = rest;
  for (let copy = max; copy > 0; copy--) {
    const one = before(body, result);
    if (copy <= min) result = one;
    else {
      result = {
        first: one.first | rest.first,
        degree: Math.max(one.degree, result.degree),
        ways: limited(one.ways + result.ways),
      };
    }
  }
  return result;
}

function isNullable(node: Node): boolean {
  switch (node.kind) {
    case 'seq':
      return node.nodes.every(isNullable);
    case 'alt':
      return node.branches.some(isNullable);
    case 'group':
      return isNullable(node.body);
    case 'repeat':
      return node.min === 0 || isNullable(node.body);
    default:
      return node.kind !== 'char';
  }
}

function captures(node: Node): boolean {
  switch (node.kind) {
    case 'seq':
      return node.nodes.some(captures);
    case 'alt':
      return node.branches.some(captures);
    case 'group':
      return node.open === '(' || captures(node.body);
    case 'repeat':
      return captures(node.body);
    default:
      return false;
  }
}

function loops(node: Node): Chars {
  switch (node.kind) {
    case 'seq':
      return node.nodes.reduce((chars, part) => chars | loops(part), NONE);
    case 'alt':
      return node.branches.reduce((chars, branch) => chars | loops(branch), NONE);
    case 'group':
      return loops(node.body);
    case 'repeat':
      return node.body.kind === 'char' ? (node.max > SHORT_LOOP ? node.body.chars : NONE) : loops(node.body);
    default:
      return NONE;
  }
}

/** The first parts that every match goes through, one by one. */
function leading(node: Node): Node[] {
  if (node.kind === 'group') return leading(node.body);
  if (node.kind !== 'seq') return [node];
  const [head, ...tail] = node.nodes;
  if (head === undefined) return [];
  if (head.kind === 'group') return leading(head);
  return [head, ...tail];
}

function isAnchored(node: Node): boolean {
  if (node.kind === 'alt') return node.branches.every(isAnchored);
  if (node.kind === 'group') return isAnchored(node.body);
  if (node.kind === 'seq') return node.nodes.length > 0 && isAnchored(node.nodes[0]!);
  return node.kind === 'begin';
}

/** Whether matches must begin with a character that no loop passes: then tries from different places do not overlap. */
function hasFence(node: Node): boolean {
  const looped = loops(node);
  for (const part of leading(node)) {
    if (part.kind === 'edge') continue;
    if (part.kind !== 'char') return false;
    if ((part.chars & looped) === NONE) return true;
  }
  return false;
}

/** `source` for the engine of the language, if both match alike and its cost is known; else null. */
export function nativePattern(source: string): NativePattern | null {
  try {
    const parser = new Parser(source);
    const tree = parser.alternatives();
    if (!parser.done) return null;
    let { degree } = before(tree, { first: NONE, degree: 0, ways: 1 });
    if (!isAnchored(tree)) degree = degree > 0 && !hasFence(tree) ? degree + 1 : Math.max(1, degree);
    if (degree > 2) return null;
    return { regexp: new RegExp(write(tree), parser.fold ? 'giu' : 'gu'), names: parser.names, degree };
  } catch (error) {
    if (error instanceof Unknown || error instanceof SyntaxError) return null;
    throw error;
  }
}
