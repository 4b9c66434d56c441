import { Regex } from '../../pipeline/regex.js';
import { unescapeGo } from './unescape.js';

export interface LabelMatcher {
  name: string;
  matches: (value: string) => boolean;
}

export interface Selector {
  labels: LabelMatcher[];
  /** Line filters; all must hold. */
  line: ((line: string) => boolean)[];
}

const MATCHER = /\s*([\p{L}_][\p{L}\p{Nd}_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\\n]|\\.)*)"\s*/uy;
const FILTER = /\s*(\|=|\|~|!=|!~)\s*"((?:[^"\\\n]|\\.)*)"\s*/uy;

function labelMatcher(operator: string, value: string): (value: string) => boolean {
  if (operator === '=') return (label) => label === value;
  if (operator === '!=') return (label) => label !== value;
  const regex = new Regex(`(?s)^(?:${value})$`);
  return operator === '=~' ? (label) => regex.test(label) : (label) => !regex.test(label);
}

function lineFilter(operator: string, value: string): (line: string) => boolean {
  if (operator === '|=') return (line) => line.includes(value);
  if (operator === '!=') return (line) => !line.includes(value);
  const regex = new Regex(value);
  return operator === '|~' ? (line) => regex.test(line) : (line) => !regex.test(line);
}

/**
 * Parses the selector of `stage.match`: `{name op "text", ...}` and then line filters. No other part of LogQL is there.
 * Throws an Error with a message for the user.
 */
export function parseSelector(text: string): Selector {
  const selector: Selector = { labels: [], line: [] };
  let at = /^\s*/.exec(text)![0].length;
  const fail = (wanted: string): never => {
    throw new Error(`the selector needs ${wanted} at ${JSON.stringify(text.slice(at, at + 20))}`);
  };
  if (text[at++] !== '{') fail('a "{"');
  for (;;) {
    MATCHER.lastIndex = at;
    const match = MATCHER.exec(text);
    if (match === null) return fail('a label matcher such as app="x"');
    selector.labels.push({ name: match[1]!, matches: labelMatcher(match[2]!, unescapeGo(match[3]!)) });
    at = MATCHER.lastIndex;
    if (text[at] === '}') break;
    if (text[at] !== ',') fail('a "," or "}"');
    at++;
  }
  at++;
  for (;;) {
    FILTER.lastIndex = at;
    const match = FILTER.exec(text);
    if (match === null) break;
    selector.line.push(lineFilter(match[1]!, unescapeGo(match[2]!)));
    at = FILTER.lastIndex;
  }
  if (text.slice(at).trim() !== '') fail('a line filter such as |= "x", or its end,');
  return selector;
}
