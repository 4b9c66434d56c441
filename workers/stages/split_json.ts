import type { SplitJsonStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import type { Access, Stage, StageContext } from '../pipeline/stage.js';
import { inputKey, inputOf } from './input.js';

export function accessSplitJson({ source }: SplitJsonStage): Access {
  return { reads: [inputKey(source)], writes: ['line'], pure: false };
}

/** Where the elements of a JSON array stand in its text, which is known to be valid JSON. */
function elementsOf(text: string): string[] {
  const elements: string[] = [];
  let depth = 0;
  let from = text.indexOf('[') + 1;
  for (let i = from - 1; i < text.length; i++) {
    const character = text[i];
    if (character === '"') while (text[++i] !== '"') if (text[i] === '\\') i++;
    if (character === '[' || character === '{') depth++;
    if (character === ']' || character === '}') depth--;
    if ((character === ',' && depth === 1) || depth === 0) {
      elements.push(text.slice(from, i).trim());
      from = i + 1;
    }
    if (depth === 0) break;
  }
  return elements;
}

function isArray(text: string): boolean {
  if (!/^\s*\[/.test(text)) return false;
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}

/** Makes an entry of each element of a JSON array. */
export function compileSplitJson({ source }: SplitJsonStage, { emit, run }: StageContext): Stage {
  const input = inputOf(source);
  return {
    process(entry: Entry): boolean {
      const text = input(entry);
      if (text === undefined || !isArray(text)) return true;
      run.held++;
      for (const [part, element] of elementsOf(text).entries()) {
        if (element === '') continue;
        const one = entry.copy();
        one.line = element;
        one.part = part;
        emit(one);
      }
      return false;
    },
  };
}
