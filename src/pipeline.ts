/**
 * What a configuration asks to be done with the entries of a file: plain data, so that it can be sent to a worker. Every
 * argument is checked and has its default filled in. Names are those of Alloy in camel case, with the unit at the end:
 * durations in milliseconds, sizes in bytes. Regular expressions are RE2 source text.
 */

/** A map argument in the order of the file: [name, where its value comes from]. Empty sources are already the name. */
export type Mapping = [name: string, source: string][];

export interface CriStage {
  stage: 'cri';
  maxPartialLines: number;
  maxPartialLineSizeBytes: number;
  maxPartialLineSizeTruncate: boolean;
}

export interface DockerStage {
  stage: 'docker';
}

export interface JsonStage {
  stage: 'json';
  /** [extracted name, JMESPath]. */
  expressions: Mapping;
  /** Top-level keys to extract under their own name; null if not set. */
  regex: string | null;
  /** Extracted value to read; null reads the line. */
  source: string | null;
  dropMalformed: boolean;
}

export interface LogfmtStage {
  stage: 'logfmt';
  /** [extracted name, logfmt key]. */
  mapping: Mapping;
  regex: string | null;
  source: string | null;
}

export interface RegexStage {
  stage: 'regex';
  expression: string;
  source: string | null;
  labelsFromGroups: boolean;
}

export interface PatternStage {
  stage: 'pattern';
  pattern: string;
  source: string | null;
  labelsFromGroups: boolean;
}

export interface ReplaceStage {
  stage: 'replace';
  expression: string;
  /** A Go template. */
  replace: string;
  source: string | null;
}

export interface LabelsStage {
  stage: 'labels';
  /** [label, extracted name or name of the structured metadata]. */
  values: Mapping;
  sourceType: 'extracted' | 'structured_metadata';
}

export interface StaticLabelsStage {
  stage: 'static_labels';
  /** [label, value]; those without a value are left out. */
  values: [string, string][];
}

export interface LabelDropStage {
  stage: 'label_drop';
  values: string[];
}

export interface LabelKeepStage {
  stage: 'label_keep';
  values: string[];
}

export interface StructuredMetadataStage {
  stage: 'structured_metadata';
  /** [metadata name, extracted name or label]. */
  values: Mapping;
  regex: string | null;
}

export interface StructuredMetadataDropStage {
  stage: 'structured_metadata_drop';
  values: string[];
}

export interface DropStage {
  stage: 'drop';
  /** The comma list of Alloy's `source`, split and not trimmed; empty if not set. */
  source: string[];
  value: string | null;
  expression: string | null;
  olderThanMs: number | null;
  longerThanBytes: number | null;
  separator: string;
  dropCounterReason: string;
}

export interface MatchStage {
  stage: 'match';
  /** A LogQL stream selector with line filters. */
  selector: string;
  action: 'keep' | 'drop';
  dropCounterReason: string;
  /** What matching entries go through; empty for `drop`. */
  stages: StageSpec[];
}

interface MetricCommon {
  name: string;
  description: string;
  /** Extracted name; the metric's own name if not set. */
  source: string;
  prefix: string;
  maxIdleDurationMs: number;
  /** Only entries whose extracted value is this one; empty for all. */
  value: string;
}

export interface CounterMetric extends MetricCommon {
  type: 'counter';
  action: 'inc' | 'add';
  matchAll: boolean;
  countEntryBytes: boolean;
}

export interface GaugeMetric extends MetricCommon {
  type: 'gauge';
  action: 'set' | 'inc' | 'dec' | 'add' | 'sub';
}

export interface HistogramMetric extends MetricCommon {
  type: 'histogram';
  /** Upper bounds, rising, without +Inf. */
  buckets: number[];
}

export type MetricSpec = CounterMetric | GaugeMetric | HistogramMetric;

export interface MetricsStage {
  stage: 'metrics';
  metrics: MetricSpec[];
}

export interface MultilineStage {
  stage: 'multiline';
  firstline: string;
  maxWaitTimeMs: number;
  /** 0: no limit. */
  maxLines: number;
  trimNewlines: boolean;
}

export interface TimestampStage {
  stage: 'timestamp';
  source: string;
  /** One of Alloy's names, or a Go layout. */
  format: string;
  fallbackFormats: string[];
  /** IANA name. */
  location: string | null;
  actionOnFailure: 'fudge' | 'skip';
  actionOnDuplicateTimestamp: 'fudge' | 'keep';
}

export interface TemplateStage {
  stage: 'template';
  source: string;
  /** A Go template. */
  template: string;
}

export interface OutputStage {
  stage: 'output';
  source: string;
}

/** Exactly one of the three is set. */
export interface TenantStage {
  stage: 'tenant';
  label: string | null;
  source: string | null;
  value: string | null;
}

export interface LimitStage {
  stage: 'limit';
  /** Entries in a second. */
  rate: number;
  burst: number;
  drop: boolean;
  /** One bucket for each value of this label; null: one for all. */
  byLabelName: string | null;
  maxDistinctLabels: number;
}

export interface SamplingStage {
  stage: 'sampling';
  /** 0 to 1. */
  rate: number;
  dropCounterReason: string;
}

export interface PackStage {
  stage: 'pack';
  labels: string[];
  ingestTimestamp: boolean;
}

export interface TruncateRule {
  limitBytes: number;
  suffix: string;
  sourceType: 'line' | 'label' | 'structured_metadata' | 'extracted';
  /** Empty: all. */
  sources: string[];
}

export interface TruncateStage {
  stage: 'truncate';
  rules: TruncateRule[];
}

export interface DecolorizeStage {
  stage: 'decolorize';
}

export interface LuhnStage {
  stage: 'luhn';
  replacement: string;
  source: string | null;
  minLength: number;
  delimiters: string;
  skipRegex: string | null;
}

export interface SplitJsonStage {
  stage: 'split_json';
  source: string | null;
}

export interface GeoipStage {
  stage: 'geoip';
  /** Path of the MaxMind database. */
  db: string;
  source: string;
  dbType: 'city' | 'asn' | 'country';
  /** [extracted name, JMESPath]. */
  customLookups: Mapping;
}

/** What Loki takes as the name of a label: https://prometheus.io/docs/concepts/data_model/ */
export const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** A rule of `loki.relabel` or `discovery.relabel`. */
export interface RelabelRule {
  action:
    | 'replace'
    | 'keep'
    | 'drop'
    | 'keepequal'
    | 'dropequal'
    | 'hashmod'
    | 'labelmap'
    | 'labeldrop'
    | 'labelkeep'
    | 'lowercase'
    | 'uppercase';
  sourceLabels: string[];
  separator: string;
  /** Matched as `^(?s:regex)$`. */
  regex: string;
  replacement: string;
  targetLabel: string;
  modulus: number;
}

/** The component `loki.relabel`, which stands in a route as if it were a stage. */
export interface RelabelStage {
  stage: 'relabel';
  rules: RelabelRule[];
}

export type StageSpec =
  | CriStage
  | DockerStage
  | JsonStage
  | LogfmtStage
  | RegexStage
  | PatternStage
  | ReplaceStage
  | LabelsStage
  | StaticLabelsStage
  | LabelDropStage
  | LabelKeepStage
  | StructuredMetadataStage
  | StructuredMetadataDropStage
  | DropStage
  | MatchStage
  | MetricsStage
  | MultilineStage
  | TimestampStage
  | TemplateStage
  | OutputStage
  | TenantStage
  | LimitStage
  | SamplingStage
  | PackStage
  | TruncateStage
  | DecolorizeStage
  | LuhnStage
  | SplitJsonStage
  | GeoipStage
  | RelabelStage;

/** One `loki.process` or `loki.relabel` on the way from a file to an endpoint. */
export interface ProcessSpec {
  /** Id of the component, such as `loki.process.add_labels`. */
  component: string;
  stages: StageSpec[];
  /**
   * Whether this route counts what the component's metrics and drop counters see. False where another route from the
   * same files through the same component already does (after `forward_to` with several receivers).
   */
  counts: boolean;
}

/** One way through the graph, from the files of a source to one `loki.write`. */
export interface RouteSpec {
  /** Changes whenever anything in the route does. */
  revision: number;
  /** In the order entries pass them. Labels are copied into the extracted values anew at the start of each. */
  processes: ProcessSpec[];
  /** `external_labels` of the `loki.write`; labels of the entry win. */
  externalLabels: [string, string][];
  /** The longest entry that is sent, its cut mark included. */
  maxLineBytes: number;
  /** The most streams that a push has; left out: no limit. */
  maxStreams?: number;
  /** What the files are encoded in, a name that TextDecoder knows; left out for UTF-8, and bytes as they are. */
  encoding?: string;
}

/** The labels a target brings for all lines of its file, without those that begin with `__` and without `filename`. */
export type TargetLabels = [string, string][];

/** What an argument of a stage is when the file does not give it. Arguments that are not named here are required. */
export const STAGE_DEFAULTS: { [Name in StageSpec['stage']]: Partial<Extract<StageSpec, { stage: Name }>> } = {
  cri: { maxPartialLines: 100, maxPartialLineSizeBytes: 0, maxPartialLineSizeTruncate: false },
  docker: {},
  json: { expressions: [], regex: null, source: null, dropMalformed: false },
  logfmt: { mapping: [], regex: null, source: null },
  regex: { source: null, labelsFromGroups: false },
  pattern: { source: null, labelsFromGroups: false },
  replace: { replace: '', source: null },
  labels: { sourceType: 'extracted' },
  static_labels: {},
  label_drop: {},
  label_keep: {},
  structured_metadata: { values: [], regex: null },
  structured_metadata_drop: {},
  drop: {
    source: [],
    value: null,
    expression: null,
    olderThanMs: null,
    longerThanBytes: null,
    separator: ';',
    dropCounterReason: 'drop_stage',
  },
  match: { action: 'keep', dropCounterReason: 'match_stage', stages: [] },
  metrics: { metrics: [] },
  multiline: { maxWaitTimeMs: 3000, maxLines: 128, trimNewlines: true },
  timestamp: {
    fallbackFormats: [],
    location: null,
    actionOnFailure: 'fudge',
    actionOnDuplicateTimestamp: 'fudge',
  },
  template: {},
  output: {},
  tenant: { label: null, source: null, value: null },
  limit: { drop: false, byLabelName: null, maxDistinctLabels: 10_000 },
  sampling: { dropCounterReason: 'sampling_stage' },
  pack: { ingestTimestamp: true },
  truncate: {},
  decolorize: {},
  luhn: { replacement: '**REDACTED**', source: null, minLength: 13, delimiters: '', skipRegex: null },
  split_json: { source: null },
  geoip: { customLookups: [] },
  relabel: {},
};

/** The same for the blocks inside stages. */
export const METRIC_DEFAULTS = {
  description: '',
  prefix: 'loki_process_custom_',
  maxIdleDurationMs: 300_000,
  value: '',
  matchAll: false,
  countEntryBytes: false,
} as const;

export const TRUNCATE_RULE_DEFAULTS = { suffix: '', sourceType: 'line', sources: [] } as const;

export const RELABEL_RULE_DEFAULTS = {
  action: 'replace',
  sourceLabels: [],
  separator: ';',
  regex: '(.*)',
  replacement: '$1',
  targetLabel: '',
  modulus: 0,
} as const;

/** How one series of a custom metric has changed. */
export interface SeriesDelta {
  labels: [string, string][];
  /** A gauge was set to this before `add` was added; null: it was not set. */
  set: number | null;
  /** What was added; for a histogram the sum of what was observed. */
  add: number;
  /** Observations of a histogram. */
  count: number;
  /** Observations that fell into each bucket itself (not cumulative), +Inf last; empty for other types. */
  buckets: number[];
}

/** How one metric of a `stage.metrics` has changed. */
export interface MetricDelta {
  component: string;
  spec: MetricSpec;
  series: SeriesDelta[];
}

/** What the stages have counted in one job. To be added once, though the job may be run again. */
export interface PipelineDelta {
  /** Counters of the components themselves, under Alloy's names. */
  counters: { component: string; name: string; labels: [string, string][]; add: number }[];
  metrics: MetricDelta[];
}

/** For each `stage.limit` of a route its id (place in the route) and how many buckets it may need. */
export type LimitLayout = [id: string, slots: number][];

/** A bucket is two 64-bit words: the hash of its label value, and its time. */
export const LIMIT_SLOT_BYTES = 16;

/** Size of the memory that the buckets share. */
export function sharedBytes(layout: LimitLayout): number {
  return layout.reduce((bytes, [, slots]) => bytes + slots * LIMIT_SLOT_BYTES, 0);
}

/** The buckets of a route, in the order in which they lie in memory. */
export function limitLayout(route: Pick<RouteSpec, 'processes'>): LimitLayout {
  const layout: LimitLayout = [];
  const visit = (stages: readonly StageSpec[], prefix: string): void => {
    for (const [index, spec] of stages.entries()) {
      const id = `${prefix}.${index}`;
      if (spec.stage === 'match') visit(spec.stages, id);
      if (spec.stage !== 'limit') continue;
      layout.push([id, spec.byLabelName === null ? 1 : Math.max(10_000, spec.maxDistinctLabels) * 2]);
    }
  };
  for (const [number, { stages }] of route.processes.entries()) visit(stages, `${number}`);
  return layout;
}
