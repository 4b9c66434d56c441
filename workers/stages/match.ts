import type { MatchStage, StageSpec } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import { addLabels } from '../pipeline/restart.js';
import type { Access, Stage, StageContext } from '../pipeline/stage.js';
import { parseSelector, type Selector } from './go/selector.js';
import { labelKeys } from './input.js';

export function accessMatch({ selector, stages }: MatchStage, nested: (spec: StageSpec) => Access): Access {
  const { labels, line } = parseSelector(selector);
  const inner = stages.map(nested);
  const reads = [...labelKeys(labels.map(({ name }) => name)), ...inner.flatMap((access) => access.reads)];
  if (line.length > 0) reads.push('line');
  const writes = inner.flatMap((access) => access.writes);
  // The nested pipeline begins by taking in the labels.
  if (stages.length > 0) {
    reads.push('l:*');
    writes.push('x:*');
  }
  return { reads, writes, pure: inner.every((access) => access.pure) };
}

function holds({ labels, line }: Selector, entry: Entry): boolean {
  for (const { name, matches } of labels) if (!matches(entry.labels.get(name) ?? '')) return false;
  for (const passes of line) if (!passes(entry.line)) return false;
  return true;
}

/** Takes matching entries through stages of their own, or drops them. Others go on unchanged, in their order. */
export function compileMatch(
  { selector: text, action, dropCounterReason, stages }: MatchStage,
  context: StageContext,
): Stage {
  const selector = parseSelector(text);
  if (action === 'drop') {
    return {
      process(entry: Entry): boolean {
        if (!holds(selector, entry)) return true;
        context.tally.dropped(dropCounterReason);
        return false;
      },
    };
  }
  const inner = context.nested(stages);
  return {
    process(entry: Entry): boolean {
      if (!holds(selector, entry)) return true;
      addLabels(entry);
      return inner.process(entry);
    },
  };
}
