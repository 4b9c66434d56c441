import type { Mapping, StageSpec } from '../../../pipeline.js';
import {
  block,
  differs,
  maybe,
  optional,
  ordered,
  refusedVariant,
  required,
  schema,
  type Variant,
  variant,
} from '../schema.js';
import * as t from '../types.js';
import { metricsStage } from './metrics.js';

/** A map whose empty values mean the name itself. */
const mapping = t.map(t.nullable(t.text));
const jmespathMapping = t.map(t.nullable(t.jmespath));
const labelMapping = t.map(t.nullable(t.text), t.checkLabelName);
const names = t.list(t.text, 1);

function mappingOf(pairs: [string, string | null][]): Mapping {
  return pairs.map(([name, source]) => [name, source || name]);
}

const orNull = (text: string | null): string | null => text || null;

const readsSource = differs(
  'same values; how they are written where Alloy is not reproducible (key order of nested objects) is that of the input',
);

const table: Readonly<Record<string, Variant<StageSpec>>> = {
  'stage.cri': variant(
    schema({
      max_partial_lines: optional(t.whole(1), 100),
      max_partial_line_size: optional(t.whole(0), 0),
      max_partial_line_size_truncate: optional(t.flag, false),
    }),
    ({ args }) => ({
      stage: 'cri',
      maxPartialLines: args.max_partial_lines,
      maxPartialLineSizeBytes: args.max_partial_line_size,
      maxPartialLineSizeTruncate: args.max_partial_line_size_truncate,
    }),
    differs('partial lines that are open at shutdown or reload are kept and joined later, not lost'),
  ),
  'stage.docker': variant(schema({}), () => ({ stage: 'docker' })),
  'stage.json': variant(
    schema(
      {
        expressions: optional(jmespathMapping, []),
        regex: maybe(t.regex),
        source: maybe(t.nonEmptyText),
        drop_malformed: optional(t.flag, false),
      },
      {},
      ({ args, place }, diagnostics) => {
        if (args.expressions.length === 0 && !args.regex) {
          diagnostics.error(place, 'stage.json needs "expressions" or "regex"');
        }
      },
    ),
    ({ args }) => ({
      stage: 'json',
      expressions: mappingOf(args.expressions),
      regex: orNull(args.regex),
      source: args.source,
      dropMalformed: args.drop_malformed,
    }),
    readsSource,
  ),
  'stage.logfmt': variant(
    schema(
      { mapping: optional(mapping, []), regex: maybe(t.regex), source: optional(t.text, '') },
      {},
      ({ args, place }, diagnostics) => {
        if (args.mapping.length === 0 && !args.regex)
          diagnostics.error(place, 'stage.logfmt needs "mapping" or "regex"');
      },
    ),
    ({ args }) => ({
      stage: 'logfmt',
      mapping: mappingOf(args.mapping),
      regex: orNull(args.regex),
      source: orNull(args.source),
    }),
  ),
  'stage.regex': variant(
    schema({
      expression: required(t.namedRegex),
      source: maybe(t.nonEmptyText),
      labels_from_groups: optional(t.flag, false),
    }),
    ({ args }) => ({
      stage: 'regex',
      expression: args.expression,
      source: args.source,
      labelsFromGroups: args.labels_from_groups,
    }),
  ),
  'stage.pattern': variant(
    schema({
      pattern: required(t.logPattern),
      source: maybe(t.nonEmptyText),
      labels_from_groups: optional(t.flag, false),
    }),
    ({ args }) => ({
      stage: 'pattern',
      pattern: args.pattern,
      source: args.source,
      labelsFromGroups: args.labels_from_groups,
    }),
  ),
  'stage.replace': variant(
    schema({ expression: required(t.neededRegex), replace: optional(t.template, ''), source: optional(t.text, '') }),
    ({ args }) => ({
      stage: 'replace',
      expression: args.expression,
      replace: args.replace,
      source: orNull(args.source),
    }),
  ),
  'stage.labels': variant(
    schema({
      values: required(labelMapping),
      source_type: optional(t.oneOf('extracted', 'structured_metadata'), 'extracted'),
    }),
    ({ args }) => ({ stage: 'labels', values: mappingOf(args.values), sourceType: args.source_type }),
  ),
  'stage.static_labels': variant(schema({ values: required(labelMapping) }), ({ args }) => ({
    stage: 'static_labels',
    values: args.values.filter((pair): pair is [string, string] => Boolean(pair[1])),
  })),
  'stage.label_drop': variant(schema({ values: required(names) }), ({ args }) => ({
    stage: 'label_drop',
    values: args.values,
  })),
  'stage.label_keep': variant(schema({ values: required(names) }), ({ args }) => ({
    stage: 'label_keep',
    values: args.values,
  })),
  'stage.structured_metadata': variant(
    schema({ values: optional(mapping, []), regex: maybe(t.regex) }),
    ({ args }) => ({ stage: 'structured_metadata', values: mappingOf(args.values), regex: orNull(args.regex) }),
    differs('pairs are appended in the order of the file, not in a random one'),
  ),
  'stage.structured_metadata_drop': variant(schema({ values: required(names) }), ({ args }) => ({
    stage: 'structured_metadata_drop',
    values: args.values,
  })),
  'stage.drop': variant(
    schema(
      {
        source: optional(t.text, ''),
        value: optional(t.text, ''),
        expression: optional(t.regex, ''),
        older_than: maybe(t.duration(0, 'more than 0', true)),
        longer_than: maybe(t.size),
        separator: optional(t.text, ';'),
        drop_counter_reason: optional(t.text, 'drop_stage'),
      },
      {},
      ({ args, place, at }, diagnostics) => {
        if (!args.source && !args.expression && args.older_than === null && args.longer_than === null) {
          const some = args.value ? ', and "value" needs "source"' : '';
          diagnostics.error(place, `stage.drop needs "source", "expression", "older_than" or "longer_than"${some}`);
        } else if (args.value && args.expression) {
          diagnostics.error(at('value'), 'stage.drop takes "value" or "expression", not both');
        } else if (args.value && !args.source) {
          diagnostics.error(at('value'), '"value" of stage.drop needs "source"');
        }
      },
    ),
    ({ args }) => ({
      stage: 'drop',
      source: args.source === '' ? [] : args.source.split(','),
      value: orNull(args.value),
      expression: orNull(args.expression),
      olderThanMs: args.older_than,
      longerThanBytes: args.longer_than,
      separator: args.separator || ';',
      dropCounterReason: args.drop_counter_reason || 'drop_stage',
    }),
  ),
  'stage.match': variant(
    ordered(
      schema({
        selector: required(t.selector),
        action: optional(t.oneOf('keep', 'drop'), 'keep'),
        drop_counter_reason: optional(t.text, 'match_stage'),
        pipeline_name: optional(t.text, '', differs('accepted; it has no use in Alloy either')),
      }),
      (): Readonly<Record<string, Variant<StageSpec>>> => stages,
      ({ args, sequence, place, at }, diagnostics) => {
        if (args.action === 'keep' && sequence.length === 0) {
          diagnostics.error(place, 'stage.match needs a stage inside, since it keeps what matches');
        }
        if (args.action === 'drop' && sequence.length > 0) {
          diagnostics.error(at('action'), 'stage.match takes no stages inside when its action is "drop"');
        }
      },
    ),
    ({ args, sequence }) => ({
      stage: 'match',
      selector: args.selector,
      action: args.action,
      dropCounterReason: args.drop_counter_reason || 'match_stage',
      stages: sequence,
    }),
    differs('entries keep their order, matching or not'),
  ),
  'stage.metrics': metricsStage,
  'stage.multiline': variant(
    schema({
      firstline: required(t.neededRegex),
      max_wait_time: optional(
        t.duration(0, 'more than 0s', true),
        3000,
        differs('since the file last grew; the shortest of a way holds for all of it, partial lines included'),
      ),
      max_lines: optional(t.whole(0), 128),
      trim_newlines: optional(t.flag, true),
    }),
    ({ args }) => ({
      stage: 'multiline',
      firstline: args.firstline,
      maxWaitTimeMs: args.max_wait_time,
      maxLines: args.max_lines,
      trimNewlines: args.trim_newlines,
    }),
    differs('an open block survives a restart'),
  ),
  'stage.timestamp': variant(
    schema({
      source: required(t.nonEmptyText),
      format: required(t.nonEmptyText),
      fallback_formats: optional(t.list(t.text), []),
      location: maybe(
        t.checkedText(locationProblem),
        differs(
          'an abbreviation in the text (`MST` in a format) is taken where the zone has such an offset in that year, `BST` in Berlin too; Alloy takes only those the zone itself uses, and all others as UTC',
        ),
      ),
      action_on_failure: optional(t.oneOf('fudge', 'skip'), 'fudge'),
      action_on_duplicate_timestamp: optional(t.oneOf('fudge', 'keep'), 'fudge'),
    }),
    ({ args }) => ({
      stage: 'timestamp',
      source: args.source,
      format: args.format,
      fallbackFormats: args.fallback_formats,
      location: orNull(args.location),
      actionOnFailure: args.action_on_failure,
      actionOnDuplicateTimestamp: args.action_on_duplicate_timestamp,
    }),
  ),
  'stage.template': variant(
    schema({ source: required(t.nonEmptyText), template: required(t.template) }),
    ({ args }) => ({ stage: 'template', source: args.source, template: args.template }),
    differs('the functions that are there are listed below'),
  ),
  'stage.output': variant(schema({ source: required(t.nonEmptyText) }), ({ args }) => ({
    stage: 'output',
    source: args.source,
  })),
  'stage.tenant': variant(
    schema(
      { label: maybe(t.text), source: maybe(t.text), value: maybe(t.text) },
      {},
      ({ args, place }, diagnostics) => {
        if ([args.label, args.source, args.value].filter(Boolean).length !== 1) {
          diagnostics.error(place, 'stage.tenant needs exactly one of "label", "source" and "value"');
        }
      },
    ),
    ({ args }) => ({
      stage: 'tenant',
      label: orNull(args.label),
      source: orNull(args.source),
      value: orNull(args.value),
    }),
  ),
  'stage.limit': variant(
    schema(
      {
        rate: required(t.real(0, Number.POSITIVE_INFINITY, true)),
        burst: required(t.whole(1)),
        drop: optional(t.flag, false),
        by_label_name: optional(t.text, ''),
        max_distinct_labels: optional(t.whole(0), 10_000),
      },
      {},
      ({ args, at }, diagnostics) => {
        if (args.by_label_name && !args.drop) {
          diagnostics.error(at('by_label_name'), '"by_label_name" of stage.limit needs drop = true');
        }
      },
    ),
    ({ args }) => ({
      stage: 'limit',
      rate: args.rate,
      burst: args.burst,
      drop: args.drop,
      byLabelName: orNull(args.by_label_name),
      maxDistinctLabels: Math.max(10_000, args.max_distinct_labels),
    }),
    differs('every way from a source to an endpoint is limited for itself'),
  ),
  'stage.sampling': variant(
    schema({ rate: required(t.real(0, 1)), drop_counter_reason: optional(t.text, 'sampling_stage') }),
    ({ args }) => ({
      stage: 'sampling',
      rate: args.rate,
      dropCounterReason: args.drop_counter_reason || 'sampling_stage',
    }),
    differs('a hash of the entry decides, not chance, so that a repeat decides alike'),
  ),
  'stage.pack': variant(
    schema({ labels: required(t.list(t.text)), ingest_timestamp: optional(t.flag, true) }),
    ({ args }) => ({ stage: 'pack', labels: args.labels, ingestTimestamp: args.ingest_timestamp }),
  ),
  'stage.truncate': variant(
    schema(
      {},
      {
        rule: block(
          schema(
            {
              limit: required(t.size),
              suffix: optional(t.text, ''),
              source_type: optional(t.oneOf('line', 'label', 'structured_metadata', 'extracted'), 'line'),
              sources: optional(t.list(t.text), []),
            },
            {},
            ({ args, at }, diagnostics) => {
              if (Buffer.byteLength(args.suffix) >= args.limit) {
                diagnostics.error(at('suffix'), 'the suffix must be shorter than the limit');
              }
              if (args.source_type === 'line' && args.sources.length > 0) {
                diagnostics.error(at('sources'), '"sources" cannot be given when "source_type" is "line"');
              }
            },
          ),
          'at least one',
        ),
      },
    ),
    ({ blocks }) => ({
      stage: 'truncate',
      rules: blocks.rule.map(({ args }) => ({
        limitBytes: args.limit,
        suffix: args.suffix,
        sourceType: args.source_type,
        sources: args.sources,
      })),
    }),
  ),
  'stage.decolorize': variant(schema({}), () => ({ stage: 'decolorize' })),
  'stage.luhn': variant(
    schema({
      replacement: optional(t.text, '**REDACTED**'),
      source: maybe(t.nonEmptyText),
      min_length: optional(t.whole(0), 13),
      delimiters: optional(t.text, ''),
      skip_regex: maybe(t.regex),
    }),
    ({ args }) => ({
      stage: 'luhn',
      replacement: args.replacement || '**REDACTED**',
      source: args.source,
      minLength: args.min_length || 13,
      delimiters: args.delimiters,
      skipRegex: orNull(args.skip_regex),
    }),
  ),
  'stage.split_json': variant(schema({ source: maybe(t.nonEmptyText) }), ({ args }) => ({
    stage: 'split_json',
    source: args.source,
  })),
  'stage.geoip': variant(
    schema({
      db: required(t.nonEmptyText),
      source: required(t.nonEmptyText),
      db_type: required(t.oneOf('city', 'asn', 'country')),
      custom_lookups: optional(jmespathMapping, []),
    }),
    ({ args }) => ({
      stage: 'geoip',
      db: args.db,
      source: args.source,
      dbType: args.db_type,
      customLookups: mappingOf(args.custom_lookups),
    }),
  ),
  'stage.eventlogmessage': refusedVariant('it reads messages of the Windows event log, which pods do not write'),
  'stage.windowsevent': refusedVariant('it reads messages of the Windows event log, which pods do not write'),
};

/** Whose compilers have nothing to add: plain arguments, and patterns, which are read alike here and there. */
const judged: ReadonlySet<StageSpec['stage']> = new Set<StageSpec['stage']>([
  'cri',
  'docker',
  'drop',
  'label_drop',
  'label_keep',
  'labels',
  'output',
  'regex',
  'static_labels',
]);

/**
 * Every stage of `loki.process`, by the full name of its block: what it takes and what it becomes. What the loader finds
 * good is asked about: templates, selectors, databases and the like are judged by what compiles them. A file with none of
 * these starts without waiting for a worker.
 */
export const stages: typeof table = Object.fromEntries(
  Object.entries(table).map(([name, { schema, compatibility, build }]) => [
    name,
    {
      schema,
      compatibility,
      build: (decoded, diagnostics) => {
        const spec = build(decoded, diagnostics);
        if (!judged.has(spec.stage)) diagnostics.ask(spec, decoded.at);
        return spec;
      },
    } satisfies Variant<StageSpec>,
  ]),
);

function locationProblem(location: string): string | null {
  if (location === '' || location === 'Local') return null;
  try {
    new Intl.DateTimeFormat('en', { timeZone: location });
    return null;
  } catch {
    return `"${location}" is no time zone such as "Europe/Berlin"`;
  }
}
