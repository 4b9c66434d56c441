import type { PipelineSpec } from '../../src/protocol.js';
import { NO_STREAM, STDERR, STDOUT, type StreamKind } from '../encode/push.js';
import { Regex } from '../pipeline/regex.js';
import { remember } from '../remember.js';
import { quote } from './quote.js';

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

function streamLabel(kind: StreamKind): string {
  return kind === STDOUT ? 'stdout' : kind === STDERR ? 'stderr' : '';
}

/** The labels of a pipeline: worked out once for each path, not for each line. */
export class Labeler {
  readonly #regex: Regex;
  readonly #staticLabels: [string, string][];
  readonly #kinds: readonly StreamKind[];
  readonly #byPath = new Map<string, PathLabels>();

  /** Throws an Error if the regex does not compile; it is checked at start. */
  constructor(spec: PipelineSpec) {
    this.#regex = new Regex(spec.labelRegex);
    this.#staticLabels = spec.staticLabels;
    this.#kinds = spec.streamMode === 'label' ? [NO_STREAM, STDOUT, STDERR] : [NO_STREAM];
  }

  of(path: string): PathLabels {
    const known = this.#byPath.get(path);
    return known ?? remember(this.#byPath, path, this.#labelsOf(path));
  }

  #labelsOf(path: string): PathLabels {
    const labels = new Map(this.#staticLabels);
    const groups = this.#regex.exec(path);
    const matched = groups !== null;
    for (const [index, name] of this.#regex.names.entries()) {
      const value = groups?.[index + 1];
      if (name !== null && value) labels.set(name, value);
    }
    // A stream without any label is refused.
    const none = [...labels.values()].every((value) => value === '');
    if (!matched || none) labels.set('filename', path);
    const blocks = this.#kinds.map((kind) =>
      labelBlock(kind === NO_STREAM ? labels : new Map([...labels, ['stream', streamLabel(kind)]])),
    );
    return { matched, blocks };
  }
}
