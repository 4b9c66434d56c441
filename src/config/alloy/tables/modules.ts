import { differs, maybe, optional, required, schema } from '../schema.js';
import * as t from '../types.js';

/** `argument "name" { ... }` inside `declare`. */
export const argumentSchema = schema({
  optional: optional(t.flag, false),
  default: maybe(t.anything),
  comment: optional(t.text, ''),
});

/** `export "name" { ... }` inside `declare`. */
export const exportSchema = schema({ value: required(t.anything) });

/** Of a file beside the configuration: how it is watched. */
export const watched = differs(
  'without effect: the file is looked at every second together with the configuration, unless `SLEIPNIR_CONFIG_WATCH` is false',
);

/** Blocks that bring in what other files declare. */
export const importSchemas = {
  'import.file': schema({
    filename: required(
      t.nonEmptyText,
      differs('a relative path counts from the folder of the file it stands in, not from the working directory'),
    ),
    detector: optional(t.oneOf('fsnotify', 'poll'), 'fsnotify', watched),
    poll_frequency: optional(t.duration(0, 'more than 0s', true), 60_000, watched),
  }),
  'import.string': schema({ content: required(t.textOrSecret) }),
} as const;
