import { nearest } from './nearest.js';

/** What to do instead of a component, by its name or the beginning of its name; the first that fits. */
const advice: readonly [name: string, advice: string][] = [
  ['loki.source.kubernetes', 'read the files of the pods with local.file_match and loki.source.file'],
  ['loki.source.podlogs', 'read the files of the pods with local.file_match and loki.source.file'],
  ['loki.source.', 'only files are read, with loki.source.file'],
  ['loki.', 'take it out of the way of the logs'],
  [
    'discovery.',
    'name the files with local.file_match, as in path_targets = [{ __path__ = "/var/log/pods/*/*/*.log" }], and take labels from the path with stage.regex on "filename"',
  ],
  ['import.', 'fetch the module when you deploy, and use import.file'],
  ['remote.', 'mount it as a file for local.file, or give it as a variable for sys.env'],
  ['argument', 'it belongs inside a declare block'],
  ['export', 'it belongs inside a declare block'],
];

/** Beginnings of names that exist in Alloy and carry metrics, traces or profiles, or run Alloy itself. */
const others = [
  'beyla.',
  'database_observability.',
  'faro.',
  'foreach',
  'mimir.',
  'otelcol.',
  'prometheus.',
  'pyroscope.',
  'remotecfg',
  'tracing',
];

/** Why a block cannot be used, and what to do. */
export function describeUnsupported(name: string, known: readonly string[], isSkipping: boolean): string {
  const found = advice.find(([start]) => name === start || (start.endsWith('.') && name.startsWith(start)));
  const isOther = others.some((start) => name === start || (start.endsWith('.') && name.startsWith(start)));
  const meant = nearest(name, known);
  if (!isOther && meant !== null) return `there is no component "${name}"; did you mean "${meant}"?`;
  if (found !== undefined) return `${name} is not supported: ${found[1]}`;
  if (!isOther)
    return `there is no component "${name}"; those that are supported are listed in docs/alloy-compatibility.md`;
  if (isSkipping)
    return `${name} is not supported, and cannot be left out, since logs go through it or come from it; take it and what refers to it out of the file`;
  return `${name} is not supported: take it out of the file, or leave out what has nothing to do with logs with --skip-unsupported`;
}
