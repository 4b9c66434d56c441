import { RE2JS } from 're2js';
import type { Pair } from './payload.js';
import { Scanner } from './scan.js';

export type LabelMatch = (labels: readonly Pair[]) => boolean;
export type LineMatch = (line: Buffer) => boolean;

/** A log query: a stream selector with line filters behind it. */
export interface LogQuery {
  labels: LabelMatch;
  /** All must hold. */
  lines: LineMatch[];
}

/** Parses a stream selector: `{a="v", b!="w", c=~"x.*", d!~"y"}`. Regular expressions are RE2. Throws ParseError. */
export function parseSelector(text: string): LabelMatch {
  const scan = new Scanner(text);
  const matches = readSelector(scan);
  if (!scan.done) scan.fail('unexpected input after the selector');
  return matches;
}

/** Parses a selector and line filters: `{a="v"} |= "x" != "y" |~ "z+" !~ "w"`. Throws ParseError. */
export function parseLogQuery(text: string): LogQuery {
  const scan = new Scanner(text);
  const labels = readSelector(scan);
  const lines: LineMatch[] = [];
  while (!scan.done) lines.push(readLineFilter(scan));
  return { labels, lines };
}

interface Matcher {
  test: LabelMatch;
  /** Whether a stream without the label matches. */
  takesEmpty: boolean;
}

function readSelector(scan: Scanner): LabelMatch {
  const matchers: Matcher[] = [];
  scan.expect('{');
  while (!scan.take('}')) {
    matchers.push(readMatcher(scan));
    if (!scan.take(',')) {
      scan.expect('}');
      break;
    }
  }
  if (matchers.every((matcher) => matcher.takesEmpty)) {
    scan.fail(
      'queries require at least one regexp or equality matcher that does not have an empty-compatible value. For instance, app=~".*" does not meet this requirement, but app=~".+" will',
    );
  }
  return (labels) => matchers.every((matcher) => matcher.test(labels));
}

function readMatcher(scan: Scanner): Matcher {
  const name = scan.name();
  const operator = ['=~', '!~', '!=', '='].find((token) => scan.take(token));
  if (operator === undefined) scan.fail(scan.unexpected());
  const wanted = scan.quoted();
  const accepts = valueTest(scan, operator, wanted);
  return {
    test: (labels) => accepts(labels.find(([key]) => key === name)?.[1] ?? ''),
    takesEmpty: accepts(''),
  };
}

function valueTest(scan: Scanner, operator: string, wanted: string): (value: string) => boolean {
  if (operator === '=') return (value) => value === wanted;
  if (operator === '!=') return (value) => value !== wanted;
  const pattern = compile(scan, wanted);
  const negated = operator === '!~';
  // Regular expressions of labels match the whole value.
  return (value) => pattern.matcher(value).matches() !== negated;
}

function readLineFilter(scan: Scanner): LineMatch {
  const operator = ['|=', '!=', '|~', '!~'].find((token) => scan.take(token));
  if (operator === undefined) scan.fail('only line filters may follow the selector: |= != |~ !~');
  const wanted = scan.quoted();
  const negated = operator.startsWith('!');
  if (operator.endsWith('=')) return (line) => line.includes(wanted) !== negated;
  const pattern = compile(scan, wanted);
  return (line) => pattern.matcher(line.toString()).find() !== negated;
}

function compile(scan: Scanner, expression: string): RE2JS {
  try {
    // `.` takes a newline too, as in Loki.
    return RE2JS.compile(expression, RE2JS.DOTALL);
  } catch (error) {
    return scan.fail(`error parsing regexp: ${error instanceof Error ? error.message : String(error)}`);
  }
}
