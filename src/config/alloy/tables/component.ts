import type { Diagnostics } from '../diagnostics.js';
import type { Graph } from '../graph.js';
import type { Compatibility, Decoded, DecodedOf, Schema } from '../schema.js';
import type { Value } from '../value.js';

/** What a component may use to become part of the plan. */
export interface Surrounding {
  /** Id, with the modules it is in. */
  id: string;
  graph: Graph;
  diagnostics: Diagnostics;
  /** The text of a file, or why it cannot be read. */
  readFile(path: string): { text: string } | { problem: string };
}

/** A kind of component or of top-level block. */
export interface Component {
  schema: Schema;
  /** Components have a label; settings such as `logging` stand there once, without one. */
  labelled: boolean;
  /** Names of what others can refer to. */
  exports: readonly string[];
  compatibility: Compatibility;
  build(decoded: Decoded, surrounding: Surrounding): Record<string, Value>;
}

/** A kind of component, by what its schema decodes to. */
export function component<S extends Schema>(
  schema: S,
  exports: readonly string[],
  build: (decoded: DecodedOf<S>, surrounding: Surrounding) => Record<string, Value>,
  compatibility: Compatibility = { is: 'same' },
): Component {
  // Only ever called with what the same schema decoded.
  return { schema, labelled: true, exports, compatibility, build: build as unknown as Component['build'] };
}

/** A kind of setting: a block without label and exports. */
export function setting<S extends Schema>(
  schema: S,
  build: (decoded: DecodedOf<S>, surrounding: Surrounding) => void,
  compatibility: Compatibility = { is: 'same' },
): Component {
  const made = component(
    schema,
    [],
    (decoded: DecodedOf<S>, surrounding) => {
      build(decoded, surrounding);
      return {};
    },
    compatibility,
  );
  return { ...made, labelled: false };
}
