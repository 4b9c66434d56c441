import { block, differs, optional, ordered, required, schema } from '../schema.js';
import * as t from '../types.js';
import { Secret, type Value } from '../value.js';
import { type Component, component } from './component.js';
import { endpoint, endpointPlan, wal } from './endpoint.js';
import { fileComponents } from './files.js';
import { watched } from './modules.js';
import { relabelRule, relabelRuleOf } from './relabel-rule.js';
import { settings } from './settings.js';
import { stages } from './stages.js';

/** Everything that can stand at the top of a file, but `declare`, imports and what is declared. */
export const components: Readonly<Record<string, Component>> = {
  ...fileComponents,
  'loki.process': component(
    ordered(schema({ forward_to: required(t.list(t.receiver)) }), () => stages),
    ['receiver'],
    ({ args, sequence }, { id, graph }) => ({
      receiver: graph.receiver(id, { kind: 'process', component: id, stages: sequence, forwardTo: args.forward_to }),
    }),
  ),
  'loki.relabel': component(
    schema(
      {
        forward_to: required(t.list(t.receiver)),
        max_cache_size: optional(t.whole(0), 10_000, differs('without effect: what is remembered is bounded anyway')),
      },
      { rule: block(relabelRule, 'many') },
    ),
    ['receiver'],
    ({ args, blocks }, { id, graph }) => ({
      receiver: graph.receiver(id, {
        kind: 'process',
        component: id,
        stages: [{ stage: 'relabel', rules: blocks.rule.map(relabelRuleOf) }],
        forwardTo: args.forward_to,
      }),
    }),
    differs('does not export `rules`'),
  ),
  'loki.write': component(
    schema(
      {
        external_labels: optional(t.map(t.text, t.checkLabelName), []),
        max_streams: optional(
          t.whole(0),
          0,
          differs('what is too many streams for one push goes into the next one; nothing is dropped'),
        ),
      },
      {
        endpoint: block(endpoint, 'at least one'),
        wal: block(wal, 'optional', differs('without effect: the log files are the queue')),
      },
      ({ blocks }, diagnostics) => {
        const names = new Set<string>();
        for (const { args, at } of blocks.endpoint) {
          if (args.name && names.has(args.name))
            diagnostics.error(at('name'), `two endpoints are named "${args.name}"`);
          if (args.name) names.add(args.name);
        }
      },
    ),
    ['receiver'],
    ({ args, blocks }, { id, graph }) => {
      const { external_labels: externalLabels, max_streams: maxStreams } = args;
      graph.writes.push({ component: id, externalLabels, maxStreams, endpoints: blocks.endpoint.map(endpointPlan) });
      return { receiver: graph.receiver(id, { kind: 'write', component: id, externalLabels }) };
    },
    differs(
      'lines are never thrown away for an outage; every endpoint goes at its own pace, and reads the files for itself',
    ),
  ),
  'loki.echo': component(
    schema({}),
    ['receiver'],
    (_, { id, graph }) => ({ receiver: graph.receiver(id, { kind: 'echo', component: id }) }),
    differs('entries go to standard output, always as logfmt'),
  ),
  'local.file': component(
    schema({
      filename: required(t.nonEmptyText),
      detector: optional(t.oneOf('fsnotify', 'poll'), 'fsnotify', watched),
      poll_frequency: optional(t.duration(0, 'more than 0s', true), 60_000, watched),
      is_secret: optional(t.flag, false),
    }),
    ['content'],
    ({ args, at }, { diagnostics, readFile }): Record<string, Value> => {
      const file = readFile(args.filename);
      if ('problem' in file) {
        diagnostics.error(at('filename'), file.problem);
        return {};
      }
      return { content: args.is_secret ? new Secret(file.text) : file.text };
    },
    differs('a change of the file is a change of the configuration, and is taken over like one'),
  ),
  ...settings,
};
