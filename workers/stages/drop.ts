import type { DropStage } from '../../src/pipeline.js';
import type { Entry, Span } from '../pipeline/entry.js';
import { Regex } from '../pipeline/regex.js';
import type { Access, Stage, StageContext } from '../pipeline/stage.js';
import { writeText } from '../pipeline/text.js';
import { textOf } from '../pipeline/values.js';
import { extractedKeys } from './input.js';

export function accessDrop({ source, expression, olderThanMs, longerThanBytes }: DropStage): Access {
  const reads = extractedKeys(source);
  if (longerThanBytes !== null || (expression !== null && source.length === 0)) reads.push('line');
  if (olderThanMs !== null) reads.push('time');
  return { reads, writes: [], pure: true };
}

/** Drops what meets every one of the conditions. */
export function compileDrop(spec: DropStage, { tally, run }: StageContext): Stage {
  const { source, value, expression, olderThanMs, longerThanBytes, separator, dropCounterReason } = spec;
  const conditions: ((entry: Entry) => boolean)[] = [];
  if (longerThanBytes !== null) conditions.push((entry) => entry.lineBytes > longerThanBytes);
  if (olderThanMs !== null) {
    conditions.push((entry) => entry.seconds * 1000 + entry.nanos / 1e6 < run.readTimeMs - olderThanMs);
  }
  const isValue = value === null ? null : valueTest(source, value);
  const matches =
    value !== null ? (text: string) => text === value : expression === null ? null : matcherOf(expression);
  if (isValue !== null) conditions.push(isValue);
  else if (source.length === 0) {
    if (matches !== null) conditions.push((entry) => matches(entry.line));
  } else if (matches === null) {
    conditions.push((entry) => source.every((name) => entry.extracted.has(name)));
  } else {
    conditions.push((entry) => {
      const text = joined(entry, source, separator);
      return text !== null && matches(text);
    });
  }
  return {
    process(entry: Entry): boolean {
      for (const condition of conditions) if (!condition(entry)) return true;
      tally.dropped(dropCounterReason);
      return false;
    },
  };
}

/** Whether a single source has this value. What is still bytes is compared as bytes. */
function valueTest(source: readonly string[], value: string): ((entry: Entry) => boolean) | null {
  const [name] = source;
  if (name === undefined || source.length > 1) return null;
  const wanted = writeText(value);
  return ({ extracted }) => {
    const span = extracted.span(name);
    if (span !== null) return equals(span, wanted);
    const found = extracted.get(name);
    return found === undefined ? value === '' : textOf(found) === value;
  };
}

function equals({ bytes, from, to }: Readonly<Span>, wanted: Buffer): boolean {
  if (to - from !== wanted.length) return false;
  for (let i = 0; i < wanted.length; i++) if (bytes[from + i] !== wanted[i]) return false;
  return true;
}

function matcherOf(expression: string): (text: string) => boolean {
  const regex = new Regex(expression);
  return (text) => regex.test(text);
}

/** The values that are there; null if one of them has no text. */
function joined(entry: Entry, source: readonly string[], separator: string): string | null {
  if (source.length === 1) return entry.extracted.has(source[0]!) ? (entry.extracted.text(source[0]!) ?? null) : '';
  const texts: string[] = [];
  for (const name of source) {
    if (!entry.extracted.has(name)) continue;
    const text = entry.extracted.text(name);
    if (text === undefined) return null;
    texts.push(text);
  }
  return texts.join(separator);
}
