import type { PatternStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import type { Access, Stage } from '../pipeline/stage.js';
import { extractedKeys, inputKey, inputOf, labelKeys } from './input.js';

/** A capture and the text that must follow it; '' at the end. */
interface Capture {
  name: string | null;
  until: string;
}

interface Pattern {
  begins: string;
  captures: Capture[];
}

/** Parses a LogQL pattern (Loki, pkg/logql/log/pattern): `<name>` captures, `<_>` skips, all else is text. */
function parsePattern(pattern: string): Pattern {
  const parts = pattern.split(/(<[A-Za-z_]\w*>)/);
  const captures: Capture[] = [];
  for (let i = 1; i < parts.length; i += 2) {
    const name = parts[i]!.slice(1, -1);
    const until = parts[i + 1]!;
    if (until === '' && i + 2 < parts.length)
      throw new Error('two captures of the pattern follow each other without text between');
    captures.push({ name: name === '_' ? null : name, until });
  }
  const names = namesOf(captures);
  if (names.length === 0) throw new Error('the pattern has no named capture');
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`the pattern has two captures named "${twice}"`);
  return { begins: parts[0]!, captures };
}

function namesOf(captures: readonly Capture[]): string[] {
  return captures.flatMap(({ name }) => name ?? []);
}

export function accessPattern({ pattern, source, labelsFromGroups }: PatternStage): Access {
  const names = namesOf(parsePattern(pattern).captures);
  const labels = labelsFromGroups ? labelKeys(names) : [];
  return { reads: [inputKey(source)], writes: [...extractedKeys(names), ...labels], pure: true };
}

/** Extracts the captures of a LogQL pattern; where its text is not found, the capture takes the rest. */
export function compilePattern({ pattern, source, labelsFromGroups }: PatternStage): Stage {
  const { begins, captures } = parsePattern(pattern);
  const input = inputOf(source);
  return {
    process(entry: Entry): boolean {
      const text = input(entry);
      if (text === undefined || text === '' || !text.startsWith(begins)) return true;
      let at = begins.length;
      for (const { name, until } of captures) {
        const found = until === '' ? -1 : text.indexOf(until, at);
        const end = found < 0 ? text.length : found;
        if (name !== null) {
          const value = text.slice(at, end);
          entry.extracted.set(name, value);
          if (labelsFromGroups && value.isWellFormed()) entry.labels = entry.labels.with(name, value);
        }
        if (found < 0) break;
        at = end + until.length;
      }
      return true;
    },
  };
}
