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
      write_to: optional(
        t.list(t.receiver),
        [],
        differs(
          'always JSON lines, from when the configuration holds, in a file below `SLEIPNIR_STATE_DIR` until they are pushed, where Alloy drops them when the receiver is busy; the label is `component="alloy"`, as there',
        ),
      ),
    }),
    ({ args, place }, { graph }) => {
      graph.setLogging({ level: args.level || 'info', format: args.format || 'logfmt' }, args.write_to, place);
    },
  ),
  livedebugging: setting(schema({ enabled: optional(t.flag, false, noStream) }), () => {}, noStream),
  http,
};
