import type { TemplateStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import type { Access, Stage } from '../pipeline/stage.js';
import { textOf } from '../pipeline/values.js';
import { type Data, type Reads, Template } from './go/template.js';
import { extractedKeys } from './input.js';

/** The extracted values that have a text: all, or those the template reads. */
export function templateData(entry: Entry, reads: Reads): Map<string, Data> {
  const data = new Map<string, Data>();
  if (reads === null) {
    for (const [name, value] of entry.extracted.all()) {
      const text = textOf(value);
      if (text !== undefined) data.set(name, text);
    }
    return data;
  }
  for (const name of reads) {
    const text = entry.extracted.text(name);
    if (text !== undefined) data.set(name, text);
  }
  return data;
}

export function accessTemplate({ source, template }: TemplateStage): Access {
  const { reads } = new Template(template);
  const names =
    reads === null ? ['x:*', 'line'] : extractedKeys([...reads].filter((name) => name !== 'Value' && name !== 'Entry'));
  if (reads?.has('Entry')) names.push('line');
  return { reads: [...names, `x:${source}`], writes: [`x:${source}`], pure: true };
}

/** Sets an extracted value to what a Go template makes of the extracted values. */
export function compileTemplate({ source, template: text }: TemplateStage): Stage {
  const template = new Template(text);
  const { reads } = template;
  return {
    process(entry: Entry): boolean {
      const data = templateData(entry, reads);
      const value = entry.extracted.text(source);
      if (value !== undefined) data.set('Value', value);
      if (reads === null || reads.has('Entry')) data.set('Entry', entry.line);
      const result = template.execute(data);
      if (result === null) return true;
      if (result === '') entry.extracted.delete(source);
      else entry.extracted.set(source, result);
      return true;
    },
  };
}
