import type { StructuredMetadataStage } from '../../src/pipeline.js';
import type { Entry, Metadata } from '../pipeline/entry.js';
import { Regex } from '../pipeline/regex.js';
import type { Access, Stage } from '../pipeline/stage.js';
import { textOf } from '../pipeline/values.js';
import { extractedKeys, labelKeys } from './input.js';

export function accessStructuredMetadata({ values, regex }: StructuredMetadataStage): Access {
  if (regex !== null) return { reads: ['meta', 'x:*', 'l:*'], writes: ['meta', 'l:*'], pure: true };
  const names = values.map(([, source]) => source);
  const labels = labelKeys(names);
  return { reads: ['meta', ...extractedKeys(names), ...labels], writes: ['meta', ...labels], pure: true };
}

/** Puts a pair in the place of one of its name, or at the end. */
function upsert(metadata: Metadata, name: string, value: string): Metadata {
  const at = metadata.findIndex(([one]) => one === name);
  return at < 0 ? [...metadata, [name, value]] : metadata.with(at, [name, value]);
}

/** Makes structured metadata of extracted values, then of labels, which it takes away. */
export function compileStructuredMetadata({ values, regex }: StructuredMetadataStage): Stage {
  const keys = regex === null ? null : new Regex(regex);
  const put = (entry: Entry, name: string, value: string | undefined): void => {
    if (value?.isWellFormed()) entry.metadata = upsert(entry.metadata, name, value);
  };
  return {
    process(entry: Entry): boolean {
      for (const [name, source] of values) put(entry, name, entry.extracted.text(source));
      if (keys !== null) {
        for (const [name, value] of entry.extracted.all()) if (keys.test(name)) put(entry, name, textOf(value));
      }
      for (const [name, source] of values) {
        put(entry, name, entry.labels.get(source));
        entry.labels = entry.labels.without(source);
      }
      if (keys === null) return true;
      for (const [name, value] of entry.labels.labels) {
        if (!keys.test(name)) continue;
        put(entry, name, value);
        entry.labels = entry.labels.without(name);
      }
      return true;
    },
  };
}
