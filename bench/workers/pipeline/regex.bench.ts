import { RE2JS } from 're2js';
import { nativePattern } from '../../../src/regex/native.js';
import { LinearMatcher } from '../../../workers/pipeline/linear/matcher.js';
import type { Case } from '../case.js';

const LOGFMT = Array.from(
  { length: 100 },
  (_, i) =>
    `level=info ts=2026-08-01T12:00:00.${i}Z msg="request served" path=/api/v1/items/${i} status=200 took=${i % 97}ms`,
);
const ACCESS = Array.from(
  { length: 100 },
  (_, i) =>
    `10.0.${i}.7 - - [01/Aug/2026:12:00:${i} +0000] "GET /api/v1/items/${i}?q=a%20b HTTP/1.1" 200 ${i * 37} "-" "Mozilla/5.0 (X11; Linux x86_64)"`,
);
const A = ['a'.repeat(100_000)];

/** What users write, on usual lines; and what makes an engine that backtracks, or searches anew for each match, stall. */
const FIRST: [what: string, pattern: string, lines: string[]][] = [
  ['a field', 'status=(?P<status>\\d+)', LOGFMT],
  ['anchored fields', '^level=(?P<level>\\w+) ts=(?P<ts>\\S+)', LOGFMT],
  ['an access line', '^(\\S+) \\S+ (\\S+) \\[([^\\]]+)\\] "(\\S+) (\\S+) [^"]*" (\\d+) (\\d+)', ACCESS],
  ['anything, then fields', '.*path=(?P<path>\\S+) .*took=(?P<took>\\d+)ms.*', LOGFMT],
  ['nested loops', '(?:(\\w+)=)+.*status=(?P<status>\\d+)', LOGFMT],
  ['case and alternatives', '(?i)(error|warn(ing)?|fatal|panic)', LOGFMT],
  ['an address', '(?:\\d{1,3}\\.){3}\\d{1,3}', ACCESS],
  ['letters of any script', '"(\\pL+) ', ACCESS],
  ['no match', '^level=(error|warn).*caller=(\\S+)', LOGFMT],
  ['no match, no literal', '^\\s+at [[:alpha:]]+', LOGFMT],
  ['(a+)+$', '(a+)+$', A],
  ['.*.*=.*', '.*.*=.*', A],
  ['(a{1,30}){1,30}$', '(a{1,30}){1,30}$', A],
  ['(a?){500}a{500}', '(a?){500}a{500}', A],
];
const ALL: [what: string, pattern: string, lines: string[]][] = [
  ['digits', '\\d+', ACCESS],
  ['a path', 'path=(\\S+)', LOGFMT],
  ['words', '(\\w+)', LOGFMT],
];
/** What takes re2js seconds or minutes for a line. */
const TOO_LONG = ['(a{1,30}){1,30}$'];
const ALL_NASTY: [what: string, pattern: string, lines: string[]][] = [
  ['a.*x|a', 'a.*x|a', A],
  ['(?:(a)+)*?b|(a)', '(?:(a)+)*?b|(a)', A],
];

function re2Groups(re2: RE2JS, line: string): string[] | null {
  const matcher = re2.matcher(line);
  if (!matcher.find()) return null;
  const groups: string[] = [];
  for (let i = 0; i <= matcher.groupCount(); i++) groups.push(matcher.group(i) ?? '');
  return groups;
}

function re2All(re2: RE2JS, line: string): number {
  const matcher = re2.matcher(line);
  let count = 0;
  while (matcher.find()) count += matcher.start(matcher.groupCount()) >= 0 ? 1 : 0;
  return count;
}

/** Each pattern on our own engine, on re2js, and on the engine of the language where it may run there. */
export function cases(): Case[] {
  const found: Case[] = [];
  const add = (name: string, lines: string[], fn: (line: string) => unknown): void => {
    const count = lines[0]!.length > 1000 ? lines[0]!.length : lines.length;
    const unit = count === lines.length ? 'lines' : 'bytes';
    found.push({ name, unit, count, fn: () => void lines.forEach(fn) });
  };
  for (const [what, source, lines] of FIRST) {
    const re2 = RE2JS.compile(source);
    const linear = new LinearMatcher(re2);
    add(`first, ${what}: linear`, lines, (line) => linear.first(line));
    if (!TOO_LONG.includes(source)) add(`first, ${what}: re2js`, lines, (line) => re2Groups(re2, line));
    const native = nativePattern(source);
    if (native === null || lines === A) continue;
    const { regexp } = native;
    add(`first, ${what}: native`, lines, (line) => {
      regexp.lastIndex = 0;
      return regexp.exec(line);
    });
  }
  for (const [what, source, lines] of [...ALL, ...ALL_NASTY]) {
    const re2 = RE2JS.compile(source);
    const linear = new LinearMatcher(re2);
    add(`all, ${what}: linear`, lines, (line) => linear.all(line));
    if (lines !== A) add(`all, ${what}: re2js`, lines, (line) => re2All(re2, line));
    const native = nativePattern(source);
    if (native === null || lines === A) continue;
    const indexed = new RegExp(native.regexp, 'dgu');
    add(`all, ${what}: native`, lines, (line) => [...line.matchAll(indexed)]);
  }
  return found;
}
