import type { MetricSpec, StageSpec } from '../../../pipeline.js';
import { differs, maybe, optional, ordered, required, schema, type Variant, variant } from '../schema.js';
import * as t from '../types.js';

const metricName = t.checkedText((name) =>
  /^[a-zA-Z0-9_:]+$/.test(name) ? null : `"${name}" cannot be the name of a metric: use letters, digits, "_" and ":"`,
);
const prefix = t.checkedText((name) =>
  /^(?:[a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(name)
    ? null
    : `"${name}" cannot begin the name of a metric: use letters, digits, "_" and ":", not beginning with a digit`,
);

const common = {
  name: required(metricName),
  description: optional(t.text, ''),
  source: maybe(t.text),
  prefix: optional(prefix, 'loki_process_custom_'),
  max_idle_duration: optional(t.duration(1000, '1s or more'), 300_000),
  value: optional(t.text, ''),
} as const;

interface CommonValues {
  name: string;
  description: string;
  source: string | null;
  prefix: string;
  max_idle_duration: number;
  value: string;
}

function commonOf(args: CommonValues) {
  return {
    name: args.name,
    description: args.description,
    source: args.source || args.name,
    prefix: args.prefix || 'loki_process_custom_',
    maxIdleDurationMs: args.max_idle_duration,
    value: args.value,
  };
}

const buckets: t.Type<number[]> = {
  name: 'list(number)',
  decode(given, diagnostics) {
    const bounds = t.list(t.real(), 1).decode(given, diagnostics);
    if (bounds === undefined) return undefined;
    if (bounds.every((bound, index) => index === 0 || bound > bounds[index - 1]!)) return bounds;
    diagnostics.error(given.expression, 'the buckets must be given in rising order');
    return undefined;
  },
};

/** The blocks of `stage.metrics`, by their full name. */
export const metrics: Readonly<Record<string, Variant<MetricSpec>>> = {
  'metric.counter': variant(
    schema(
      {
        ...common,
        action: required(t.oneOf('inc', 'add')),
        match_all: optional(t.flag, false),
        count_entry_bytes: optional(t.flag, false),
      },
      {},
      ({ args, at }, diagnostics) => {
        if (args.match_all && args.value)
          diagnostics.error(at('value'), '"value" cannot be given with match_all = true');
        if (args.count_entry_bytes && !(args.match_all && args.action === 'add')) {
          diagnostics.error(at('count_entry_bytes'), '"count_entry_bytes" needs match_all = true and action = "add"');
        }
      },
    ),
    ({ args }) => ({
      type: 'counter',
      ...commonOf(args),
      action: args.action,
      matchAll: args.match_all,
      countEntryBytes: args.count_entry_bytes,
    }),
    differs('adding a negative number is left out, where Alloy ends'),
  ),
  'metric.gauge': variant(
    schema({ ...common, action: required(t.oneOf('set', 'inc', 'dec', 'add', 'sub')) }),
    ({ args }) => ({ type: 'gauge', ...commonOf(args), action: args.action }),
  ),
  'metric.histogram': variant(schema({ ...common, buckets: required(buckets) }), ({ args }) => ({
    type: 'histogram',
    ...commonOf(args),
    buckets: args.buckets.filter((bound) => bound !== Number.POSITIVE_INFINITY),
  })),
};

export const metricsStage: Variant<StageSpec> = variant(
  ordered(schema({}), () => metrics),
  ({ sequence }) => ({ stage: 'metrics', metrics: sequence }),
);
