import { expand, type GroupNames } from '../../src/regex/expand.js';
import { type NativePattern, nativePattern } from '../../src/regex/native.js';
import { compileRe2, MAX_INSTRUCTIONS, type Re2 } from '../../src/regex/re2.js';
import { LinearMatcher } from './linear/matcher.js';

/** Most a text may have so that a pattern of quadratic cost still runs on the engine that backtracks. */
const QUADRATIC_CHARS = 512;

/** A compiled RE2 pattern. Matches leftmost-first, as Go does; a group that takes no part is `''`. */
export class Regex {
  readonly source: string;
  readonly names: GroupNames;
  readonly #native: NativePattern | null;
  #linear: LinearMatcher | null = null;
  #indexed: RegExp | null = null;

  /** Throws an Error with a message for the user where RE2 refuses the pattern, or it is too large. */
  constructor(source: string) {
    this.source = source;
    this.#native = nativePattern(source);
    if (this.#native !== null) {
      this.names = this.#native.names;
      return;
    }
    const { re2, names } = compile(source);
    if (re2.programSize() > MAX_INSTRUCTIONS) throw new Error('this regular expression is too large');
    this.names = names;
    this.#linear = new LinearMatcher(re2);
  }

  /** How it runs: on the engine of the language for all texts, for short ones only, or never. */
  get engine(): 'native' | 'native when short' | 'linear' {
    if (this.#native === null) return 'linear';
    return this.#native.degree <= 1 ? 'native' : 'native when short';
  }

  #nativeFor(text: string): RegExp | null {
    const native = this.#native;
    return native !== null && (native.degree <= 1 || text.length <= QUADRATIC_CHARS) ? native.regexp : null;
  }

  get #safe(): LinearMatcher {
    this.#linear ??= new LinearMatcher(compile(this.source).re2);
    return this.#linear;
  }

  test(text: string): boolean {
    const native = this.#nativeFor(text);
    if (native === null) return this.#safe.test(text);
    native.lastIndex = 0;
    return native.test(text);
  }

  /** The first match and its groups; null if there is none. */
  exec(text: string): (string | undefined)[] | null {
    const native = this.#nativeFor(text);
    if (native === null) {
      const match = this.#safe.first(text);
      return match === null ? null : groupsOf(text, match);
    }
    native.lastIndex = 0;
    return native.exec(text);
  }

  /**
   * Every match, as Go's FindAllSubmatchIndex: no empty one right behind the match before it. Each is pairs of start and
   * end for it and its groups; -1 for groups without part.
   */
  all(text: string): number[][] {
    const native = this.#nativeFor(text);
    return native === null ? this.#safe.all(text) : this.#allNative(native, text);
  }

  #allNative(native: RegExp, text: string): number[][] {
    this.#indexed ??= new RegExp(native.source, `${native.flags}d`);
    const matches: number[][] = [];
    let lastEnd = -1;
    for (let at = 0; at <= text.length; ) {
      this.#indexed.lastIndex = at;
      const match = this.#indexed.exec(text);
      if (match === null) break;
      const pairs = match.indices!.flatMap((pair) => pair ?? [-1, -1]);
      const [start, end] = [pairs[0]!, pairs[1]!];
      if (start !== end || start !== lastEnd) matches.push(pairs);
      lastEnd = end;
      if (end > at) at = end;
      else at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
    }
    return matches;
  }

  /** `text` with what `put` makes of every match, given the groups. */
  replaceAll(text: string, put: (groups: (string | undefined)[]) => string): string {
    let result = '';
    let at = 0;
    for (const match of this.all(text)) {
      result += text.slice(at, match[0]) + put(groupsOf(text, match));
      at = match[1]!;
    }
    return result + text.slice(at);
  }

  /** `template` with what its `$1`, `${1}` and `${name}` stand for. */
  expand(template: string, groups: readonly (string | undefined)[]): string {
    return expand(template, this.names, groups);
  }
}

/** What pairs of start and end stand for. */
function groupsOf(text: string, pairs: readonly number[]): (string | undefined)[] {
  const groups: (string | undefined)[] = [];
  for (let i = 0; i < pairs.length; i += 2) groups.push(pairs[i]! < 0 ? undefined : text.slice(pairs[i], pairs[i + 1]));
  return groups;
}

function compile(source: string): Re2 {
  try {
    return compileRe2(source);
  } catch (error) {
    throw new Error(`not a regular expression of RE2: ${error instanceof Error ? error.message : String(error)}`);
  }
}
