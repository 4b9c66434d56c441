import { nativePattern } from '../../regex/native.js';
import { compileRe2, MAX_INSTRUCTIONS, re2js } from '../../regex/re2.js';
import type { TextProblem } from './diagnostics.js';
import { library } from './libraries.js';
import { unquote } from './strings.js';

/** What RE2 says against a regex and at which character, or null. */
export function regexProblem(pattern: string): TextProblem | null {
  if (nativePattern(pattern) !== null) return null;
  try {
    const instructions = compileRe2(pattern).re2.programSize();
    if (instructions <= MAX_INSTRUCTIONS) return null;
    const size = `${instructions} instructions with its repetitions written out`;
    return { at: 0, message: `this regular expression is too large: ${size}, of at most ${MAX_INSTRUCTIONS}` };
  } catch (error) {
    if (!(error instanceof re2js().RE2JSSyntaxException)) {
      return { at: 0, message: 'this regular expression cannot be used: it is too large' };
    }
    const part = error.getPattern() ?? '';
    const at = placeOfProblem(pattern, part, error.getDescription());
    const hint = /^\(\?(?:[=!]|<[=!])/.test(part) ? '; RE2 has no look-around' : '';
    return { at, message: `this is no RE2 regular expression: ${error.getDescription()}: \`${part}\`${hint}` };
  }
}

function placeOfProblem(pattern: string, part: string, description: string): number {
  if (part === '' || part === pattern) return 0;
  const first = pattern.indexOf(part);
  // A bracket that is told as one too many is the last one.
  const at = description.includes('unexpected') ? pattern.lastIndexOf(part) : first;
  return Math.max(0, at);
}

/** A key, or none: what nearly all JMESPaths are. */
const key = /^(?:[A-Za-z_]\w*)?$/;

/** What is wrong with a JMESPath, or null. Where it is wrong, the library does not say. */
export function jmespathProblem(path: string): TextProblem | null {
  if (key.test(path)) return null;
  try {
    library('jmespath')?.compile(path);
    return null;
  } catch (error) {
    return { at: 0, message: `this is no JMESPath: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** What is wrong with a pattern of LogQL (`<ip> - <_> "<method> <path>"`), or null. */
export function patternProblem(pattern: string): TextProblem | null {
  const captures = [...pattern.matchAll(/<([a-zA-Z_][a-zA-Z0-9_]*)>/g)];
  let end = -1;
  for (const { index, 0: capture } of captures) {
    if (index === end) return { at: index, message: `${capture} follows a capture without text in between` };
    end = index + capture.length;
  }
  const names = captures.map(([, name]) => name).filter((name) => name !== '_');
  if (names.length === 0) return { at: 0, message: 'the pattern has no named capture, such as <name>' };
  const twice = captures.find(([, name], index) => name !== '_' && captures.findIndex((c) => c[1] === name) < index);
  return twice === undefined ? null : { at: twice.index, message: `the capture ${twice[0]} is there twice` };
}

const space = /\s*/y;
const labelName = /[\p{L}_][\p{L}\p{Nd}_]*/uy;
const matchOperator = /=~|!~|!=|=/y;
const filterOperator = /\|=|\|~|!=|!~/y;
const goString = /"(?:[^"\\\n]|\\(?:[0-7]{3}|x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[abfnrtv\\"]))*"/y;

/** What is wrong with a stream selector with line filters (`{app="x", pod=~"a.*"} |= "error"`), or null. */
export function selectorProblem(selector: string): TextProblem | null {
  return new SelectorReader(selector).problem();
}

class SelectorReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  problem(): TextProblem | null {
    try {
      this.#read();
      return null;
    } catch (error) {
      if (error instanceof SelectorError) return { at: error.at, message: `this is no selector: ${error.message}` };
      throw error;
    }
  }

  #read(): void {
    this.#expect('{');
    do {
      this.#take(labelName, 'the name of a label');
      const operator = this.#take(matchOperator, '=, !=, =~ or !~');
      this.#string(operator.includes('~'));
    } while (this.#takes(','));
    this.#expect('}');
    while (!this.#atEnd()) {
      const operator = this.#take(filterOperator, '|=, !=, |~ or !~');
      this.#string(operator.includes('~'));
    }
  }

  #atEnd(): boolean {
    this.#pass();
    return this.#at >= this.#text.length;
  }

  #pass(): void {
    space.lastIndex = this.#at;
    space.test(this.#text);
    this.#at = Math.max(this.#at, space.lastIndex);
  }

  #takes(character: string): boolean {
    this.#pass();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#takes(character)) throw new SelectorError(this.#at, `expected "${character}"`);
  }

  #take(pattern: RegExp, what: string): string {
    this.#pass();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw new SelectorError(this.#at, `expected ${what}`);
    this.#at += found.length;
    return found;
  }

  #string(isRegex: boolean): void {
    const literal = this.#take(goString, 'a string in double quotes');
    const { text, offsets } = unquote(literal);
    if (!isRegex || text === null) return;
    const problem = regexProblem(text);
    if (problem === null) return;
    throw new SelectorError(this.#at - literal.length + (offsets[problem.at] ?? 0), problem.message);
  }
}

class SelectorError extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}
