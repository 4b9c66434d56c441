import { createRequire } from 'node:module';
import type { PipelineSpec } from '../../src/protocol.js';
import { NO_STREAM, STDERR, STDOUT, type StreamKind } from '../encode/push.js';
import { nativePattern } from '../pipeline/regex-native.js';
import { quote } from './quote.js';

/** More paths than a node has container logs; beyond it the oldest is forgotten and made anew when it comes again. */
const MAX_REMEMBERED_PATHS = 4096;

export interface PathLabels {
  /** Whether the regex matched the path. */
  matched: boolean;
  /** Label blocks like `{a="v", b="w"}`: three by stream kind in the mode `label`, else one. UTF-8. */
  blocks: Uint8Array[];
}

/** `labels` as Loki reads them, names sorted by their bytes, empty values left out (to Loki they are no labels). */
export function labelBlock(labels: ReadonlyMap<string, string>): Uint8Array {
  const names = [...labels.keys()].filter((name) => labels.get(name) !== '');
  names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Buffer.from(`{${names.map((name) => `${name}=${quote(labels.get(name)!)}`).join(', ')}}`);
}

/** The named groups of the first match; null if there is none. */
type GroupsOf = (path: string) => (readonly [name: string, value: string | null | undefined])[] | null;

/** By the engine of the language where that is known to match alike: RE2 is a large library, and slow to load. */
function compile(regex: string): GroupsOf {
  const native = nativePattern(regex);
  if (native !== null && native.degree <= 1) {
    return (path) => {
      native.regexp.lastIndex = 0;
      const match = native.regexp.exec(path);
      return match && native.names.flatMap((name, index) => (name === null ? [] : [[name, match[index + 1]] as const]));
    };
  }
  const { RE2JS } = createRequire(import.meta.url)('re2js') as typeof import('re2js');
  const re2 = RE2JS.compile(regex);
  const names = Object.keys(re2.namedGroups());
  return (path) => {
    const matcher = re2.matcher(path);
    return matcher.find() ? names.map((name) => [name, matcher.group(name)]) : null;
  };
}

function streamLabel(kind: StreamKind): string {
  return kind === STDOUT ? 'stdout' : kind === STDERR ? 'stderr' : '';
}

/** The labels of a pipeline: worked out once for each path, not for each line. */
export class Labeler {
  readonly revision: number;
  readonly #groupsOf: GroupsOf;
  readonly #staticLabels: [string, string][];
  readonly #kinds: readonly StreamKind[];
  readonly #byPath = new Map<string, PathLabels>();

  /** Throws what re2js throws if the regex does not compile; it is checked at start. */
  constructor(spec: PipelineSpec) {
    this.revision = spec.revision;
    this.#groupsOf = compile(spec.labelRegex);
    this.#staticLabels = spec.staticLabels;
    this.#kinds = spec.streamMode === 'label' ? [NO_STREAM, STDOUT, STDERR] : [NO_STREAM];
  }

  of(path: string): PathLabels {
    const known = this.#byPath.get(path);
    if (known !== undefined) return known;
    const labels = this.#labelsOf(path);
    if (this.#byPath.size >= MAX_REMEMBERED_PATHS) this.#byPath.delete(this.#byPath.keys().next().value!);
    this.#byPath.set(path, labels);
    return labels;
  }

  #labelsOf(path: string): PathLabels {
    const labels = new Map(this.#staticLabels);
    const groups = this.#groupsOf(path);
    const matched = groups !== null;
    for (const [name, value] of groups ?? []) if (value) labels.set(name, value);
    // A stream without any label is refused.
    const none = [...labels.values()].every((value) => value === '');
    if (!matched || none) labels.set('filename', path);
    const blocks = this.#kinds.map((kind) =>
      labelBlock(kind === NO_STREAM ? labels : new Map([...labels, ['stream', streamLabel(kind)]])),
    );
    return { matched, blocks };
  }
}
