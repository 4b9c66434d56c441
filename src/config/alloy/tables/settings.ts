import { differs, optional, schema } from '../schema.js';
import * as t from '../types.js';
import { type Component, setting } from './component.js';
import { http } from './http.js';

const noStream = differs('without effect: `sleipnir inspect` shows what each stage does');

/** The blocks that stand in a configuration once, without a label. */
export const settings: Readonly<Record<string, Component>> = {
  logging: setting(
    schema({
      level: optional(t.oneOf('', 'error', 'warn', 'info', 'debug'), 'info'),
      format: optional(
        t.oneOf('', 'logfmt', 'json'),
        'logfmt',
        differs('`logfmt` is what holds without a file: JSON lines, or the readable form on a terminal'),
      ),
      destination: optional(
        t.oneOf('stderr'),
        'stderr',
        differs('lines go to standard output; `windows_event_log` is refused'),
      ),
      write_to: optional(t.list(t.receiver), []),
    }),
    ({ args }, { graph }) => {
      graph.logging = { level: args.level || 'info', format: args.format || 'logfmt' };
    },
  ),
  livedebugging: setting(schema({ enabled: optional(t.flag, false, noStream) }), () => {}, noStream),
  http,
};
