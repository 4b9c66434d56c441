import type { Pair } from './payload.js';
import { Scanner } from './scan.js';

/**
 * Parses the label string of a stream, `{a="v", b="w"}`, as Loki 3.4 does: names are ASCII, values have Go escapes, a
 * comma may follow the last label, empty values count as absent. Returns the labels in the order of their names.
 * Throws ParseError.
 */
export function parseLabels(text: string): Pair[] {
  const scan = new Scanner(text);
  const labels: Pair[] = [];
  scan.expect('{');
  while (!scan.take('}')) {
    const name = scan.name();
    scan.expect('=');
    labels.push([name, scan.quoted()]);
    if (!scan.take(',')) {
      scan.expect('}');
      break;
    }
  }
  if (!scan.done) scan.fail('unexpected input after the closing brace');
  return labels.filter(([, value]) => value !== '').sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Writes labels as Loki shows a stream: `{a="v", b="w"}`, values quoted as Go quotes strings. */
export function formatLabels(labels: readonly Pair[]): string {
  return `{${labels.map(([name, value]) => `${name}=${quoteGo(value)}`).join(', ')}}`;
}

const GO_ESCAPES: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
};

/** Quotes as Go's strconv.Quote does: what cannot be printed becomes `\x..`, `\u....` or `\U........`. */
function quoteGo(value: string): string {
  const escaped = value.replace(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (char) => {
    const known = GO_ESCAPES[char];
    if (known !== undefined) return known;
    const hex = char.codePointAt(0)!.toString(16);
    if (char.codePointAt(0)! < 0x80) return `\\x${hex.padStart(2, '0')}`;
    return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
  });
  return `"${escaped}"`;
}
