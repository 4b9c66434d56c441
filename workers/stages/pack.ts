import { goJsonString } from '../../src/go-json.js';
import type { PackStage } from '../../src/pipeline.js';
import type { Entry } from '../pipeline/entry.js';
import type { Access, Stage, StageContext } from '../pipeline/stage.js';
import { extractedKeys, labelKeys } from './input.js';

export function accessPack({ labels }: PackStage): Access {
  return { reads: ['line', ...extractedKeys(labels)], writes: ['line', 'time', ...labelKeys(labels)], pure: false };
}

/** Makes the line a JSON object of the line and of extracted values, whose labels go. */
export function compilePack({ labels, ingestTimestamp }: PackStage, { run }: StageContext): Stage {
  const names = [...new Set(labels)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return {
    process(entry: Entry): boolean {
      let json = '{';
      for (const name of names) {
        const value = entry.extracted.text(name);
        if (value === undefined) continue;
        json += `${goJsonString(name)}:${goJsonString(value)},`;
        entry.labels = entry.labels.without(name);
      }
      entry.line = `${json}"_entry":${goJsonString(entry.line)}}`;
      if (!ingestTimestamp) return true;
      // As lines without a timestamp get theirs: entries stay apart, and the same when they are read again.
      const sinceSecond = (run.readTimeMs % 1000) * 1e6 + entry.offset;
      entry.seconds = Math.floor(run.readTimeMs / 1000) + Math.floor(sinceSecond / 1e9);
      entry.nanos = sinceSecond % 1e9;
      return true;
    },
  };
}
