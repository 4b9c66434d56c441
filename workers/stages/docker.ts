import { parseJson } from '../../src/go-json.js';
import type { Entry } from '../pipeline/entry.js';
import type { Access, Stage, StageContext } from '../pipeline/stage.js';
import { Rfc3339 } from '../pipeline/stamp.js';

export function accessDocker(): Access {
  return {
    reads: ['line'],
    writes: ['line', 'time', 'l:stream', 'x:output', 'x:stream', 'x:timestamp'],
    pure: true,
  };
}

/** The three strings of a line of Docker's json-file driver, keys in any case; null if one is no string. */
function read(line: string): { log: string; stream: string; time: string } | null {
  const fields = { log: '', stream: '', time: '' };
  let json: unknown;
  try {
    json = parseJson(line.toWellFormed());
  } catch {
    return null;
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return null;
  for (const [key, value] of Object.entries(json)) {
    const name = key.toLowerCase();
    if ((name !== 'log' && name !== 'stream' && name !== 'time') || value === null) continue;
    if (typeof value !== 'string') return null;
    fields[name] = value;
  }
  return fields;
}

/** Reads the lines that Docker's json-file driver writes. */
export function compileDocker(_: unknown, { isRead }: StageContext): Stage {
  const rfc3339 = new Rfc3339();
  const keeps = { output: isRead('output'), stream: isRead('stream'), timestamp: isRead('timestamp') };
  return {
    process(entry: Entry): boolean {
      const fields = read(entry.line);
      if (fields === null || fields.log === '') return true;
      const { log, stream, time } = fields;
      if (keeps.output) entry.extracted.set('output', log);
      if (keeps.stream) entry.extracted.set('stream', stream);
      if (keeps.timestamp) entry.extracted.set('timestamp', time);
      entry.line = log;
      entry.labels = entry.labels.with('stream', stream);
      const bytes = Buffer.from(time, 'latin1');
      if (rfc3339.parse(bytes, 0, bytes.length)) {
        entry.seconds = rfc3339.seconds;
        entry.nanos = rfc3339.nanos;
      }
      return true;
    },
  };
}
