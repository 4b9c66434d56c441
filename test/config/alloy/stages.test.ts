import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stages } from '../../../src/config/alloy/tables/stages.js';
import {
  METRIC_DEFAULTS,
  RELABEL_RULE_DEFAULTS,
  STAGE_DEFAULTS,
  type StageSpec,
  TRUNCATE_RULE_DEFAULTS,
} from '../../../src/pipeline.js';
import { KINDS } from '../../../workers/stages/all.js';
import { loadLibraries, mistakesIn, planOf, stagesOf } from './helpers.js';

await loadLibraries();

/** For each stage, the least that it takes, and everything it can take. */
const written: Record<Exclude<StageSpec['stage'], 'relabel'>, [least: string, all: string, comesTo: object]> = {
  cri: [
    '',
    'max_partial_lines = 5\nmax_partial_line_size = 100\nmax_partial_line_size_truncate = true',
    { maxPartialLines: 5, maxPartialLineSizeBytes: 100, maxPartialLineSizeTruncate: true },
  ],
  docker: ['', '', {}],
  json: [
    'regex = "a"',
    'expressions = { a = "", b = "c.d", e = null }\nregex = "x.*"\nsource = "s"\ndrop_malformed = true',
    {
      expressions: [
        ['a', 'a'],
        ['b', 'c.d'],
        ['e', 'e'],
      ],
      regex: 'x.*',
      source: 's',
      dropMalformed: true,
    },
  ],
  logfmt: [
    'regex = "a"',
    'mapping = { a = "b" }\nregex = "x"\nsource = "s"',
    { mapping: [['a', 'b']], regex: 'x', source: 's' },
  ],
  regex: [
    'expression = "(?P<a>b)"',
    'expression = "(?P<a>b)"\nsource = "s"\nlabels_from_groups = true',
    { expression: '(?P<a>b)', source: 's', labelsFromGroups: true },
  ],
  pattern: [
    'pattern = "<a> <_>"',
    'pattern = "<a> <_>"\nsource = "s"\nlabels_from_groups = true',
    { pattern: '<a> <_>', source: 's', labelsFromGroups: true },
  ],
  replace: [
    'expression = "a"',
    'expression = "(a)"\nreplace = "{{ .Value }}"\nsource = "s"',
    { expression: '(a)', replace: '{{ .Value }}', source: 's' },
  ],
  labels: [
    'values = {}',
    'values = { a = "", b = "c" }\nsource_type = "structured_metadata"',
    {
      values: [
        ['a', 'a'],
        ['b', 'c'],
      ],
      sourceType: 'structured_metadata',
    },
  ],
  static_labels: ['values = {}', 'values = { a = "b", c = "", d = null }', { values: [['a', 'b']] }],
  label_drop: ['values = ["a"]', 'values = ["a"]', { values: ['a'] }],
  label_keep: ['values = ["a"]', 'values = ["a"]', { values: ['a'] }],
  structured_metadata: ['', 'values = { a = "" }\nregex = "b"', { values: [['a', 'a']], regex: 'b' }],
  structured_metadata_drop: ['values = ["a"]', 'values = ["a"]', { values: ['a'] }],
  drop: [
    'source = "a"',
    'source = "a, b"\nvalue = "c"\nolder_than = "24h"\nlonger_than = "8KB"\nseparator = "-"\ndrop_counter_reason = "r"',
    {
      source: ['a', ' b'],
      value: 'c',
      expression: null,
      olderThanMs: 86_400_000,
      longerThanBytes: 8192,
      separator: '-',
      dropCounterReason: 'r',
    },
  ],
  match: [
    'selector = "{a=\\"b\\"}"\nstage.docker { }',
    'selector = `{a="b",c!~"d|e"} |= "x" !~ "y+"`\naction = "drop"\ndrop_counter_reason = "r"\npipeline_name = "n"',
    { selector: '{a="b",c!~"d|e"} |= "x" !~ "y+"', action: 'drop', dropCounterReason: 'r', stages: [] },
  ],
  metrics: ['', '', { metrics: [] }],
  multiline: [
    'firstline = "^a"',
    'firstline = "^a"\nmax_wait_time = "1s"\nmax_lines = 0\ntrim_newlines = false',
    { firstline: '^a', maxWaitTimeMs: 1000, maxLines: 0, trimNewlines: false },
  ],
  timestamp: [
    'source = "t"\nformat = "RFC3339"',
    'source = "t"\nformat = "2006"\nfallback_formats = ["Unix"]\nlocation = "Europe/Berlin"\naction_on_failure = "skip"\naction_on_duplicate_timestamp = "keep"',
    {
      source: 't',
      format: '2006',
      fallbackFormats: ['Unix'],
      location: 'Europe/Berlin',
      actionOnFailure: 'skip',
      actionOnDuplicateTimestamp: 'keep',
    },
  ],
  template: [
    'source = "s"\ntemplate = "t"',
    'source = "s"\ntemplate = "{{ .a }}"',
    { source: 's', template: '{{ .a }}' },
  ],
  output: ['source = "s"', 'source = "s"', { source: 's' }],
  tenant: ['value = "v"', 'label = "l"', { label: 'l', source: null, value: null }],
  limit: [
    'rate = 1\nburst = 2',
    'rate = 0.5\nburst = 2\ndrop = true\nby_label_name = "l"\nmax_distinct_labels = 20000',
    { rate: 0.5, burst: 2, drop: true, byLabelName: 'l', maxDistinctLabels: 20_000 },
  ],
  sampling: ['rate = 1', 'rate = 0.25\ndrop_counter_reason = "r"', { rate: 0.25, dropCounterReason: 'r' }],
  pack: ['labels = []', 'labels = ["a"]\ningest_timestamp = false', { labels: ['a'], ingestTimestamp: false }],
  truncate: [
    'rule {\nlimit = "1KiB"\n}',
    'rule {\nlimit = "10B"\nsuffix = "..."\nsource_type = "label"\nsources = ["a"]\n}\nrule {\nlimit = "1KiB"\n}',
    {
      rules: [
        { limitBytes: 10, suffix: '...', sourceType: 'label', sources: ['a'] },
        { limitBytes: 1024, ...TRUNCATE_RULE_DEFAULTS, sources: [] },
      ],
    },
  ],
  decolorize: ['', '', {}],
  luhn: [
    '',
    'replacement = "x"\nsource = "s"\nmin_length = 15\ndelimiters = " -"\nskip_regex = "a"',
    { replacement: 'x', source: 's', minLength: 15, delimiters: ' -', skipRegex: 'a' },
  ],
  split_json: ['', 'source = "s"', { source: 's' }],
  geoip: [
    'db = "/d"\nsource = "s"\ndb_type = "city"',
    'db = "/d"\nsource = "s"\ndb_type = "asn"\ncustom_lookups = { a = "b.c" }',
    { db: '/d', source: 's', dbType: 'asn', customLookups: [['a', 'b.c']] },
  ],
};

describe('the stages', () => {
  for (const [name, [least, all, comesTo]] of Object.entries(written)) {
    it(`${name}: defaults are those the runner documents`, () => {
      const [spec] = stagesOf(`stage.${name} {\n${least}\n}`);
      const defaults: Record<string, unknown> = STAGE_DEFAULTS[name as StageSpec['stage']];
      const given = new Set(least.match(/\b[a-z_]+(?= =)/g));
      for (const [argument, value] of Object.entries(defaults)) {
        const snake = argument.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
        if (given.has(snake) || (name === 'match' && argument === 'stages')) continue;
        const found = Object.entries(spec!).find(([key]) => key === argument);
        assert.deepEqual(found?.[1], value, argument);
      }
    });

    it(`${name}: every argument arrives`, () => {
      assert.deepEqual(stagesOf(`stage.${name} {\n${all}\n}`), [{ stage: name, ...comesTo }]);
    });
  }

  it('of the table are those of the runner, and of this test', () => {
    const usable = Object.entries(stages).filter(([, { compatibility }]) => compatibility.is !== 'refused');
    const names = usable.map(([name]) => name.replace('stage.', '')).sort();
    assert.deepEqual(names, Object.keys(written).sort());
    assert.deepEqual([...names, 'relabel'].sort(), Object.keys(KINDS).sort());
  });

  it('nest, and keep their order', () => {
    const text = `
stage.docker { }
stage.match {
  selector = "{a=\\"b\\"}"
  stage.cri { }
  stage.match {
    selector = "{c=\\"d\\"}"
    stage.output {
      source = "x"
    }
    stage.docker { }
  }
}
stage.cri { }`;
    const [docker, match, cri] = stagesOf(text);
    assert.deepEqual([docker?.stage, match?.stage, cri?.stage], ['docker', 'match', 'cri']);
    assert.ok(match?.stage === 'match' && match.stages[1]?.stage === 'match');
    assert.deepEqual(
      match.stages[1].stages.map(({ stage }) => stage),
      ['output', 'docker'],
    );
  });

  it('metrics: every kind and every argument', () => {
    const common = 'description = "d"\nsource = "s"\nprefix = "p_"\nmax_idle_duration = "1m"\nvalue = "v"';
    const [spec] = stagesOf(`
stage.metrics {
  metric.histogram {
    name = "h"
    buckets = [1, 2.5, "10"]
    ${common}
  }
  metric.counter {
    name = "c"
    action = "add"
    match_all = true
    count_entry_bytes = true
  }
  metric.gauge {
    name = "g"
    action = "sub"
  }
}`);
    const given = { description: 'd', source: 's', prefix: 'p_', maxIdleDurationMs: 60_000, value: 'v' };
    const { matchAll: _, countEntryBytes: __, ...defaults } = METRIC_DEFAULTS;
    assert.deepEqual(spec, {
      stage: 'metrics',
      metrics: [
        { type: 'histogram', name: 'h', ...given, buckets: [1, 2.5, 10] },
        { type: 'counter', name: 'c', ...defaults, source: 'c', action: 'add', matchAll: true, countEntryBytes: true },
        { type: 'gauge', name: 'g', ...defaults, source: 'g', action: 'sub' },
      ],
    });
  });

  it('relabel: defaults and every argument', () => {
    const plan = planOf(`
loki.source.file "s" {
  targets    = [{ __path__ = "/a.log" }]
  forward_to = [loki.relabel.r.receiver]
}
loki.relabel "r" {
  forward_to = [loki.echo.e.receiver]
  rule {
    target_label = "t"
  }
  rule {
    action        = "hashmod"
    source_labels = ["a", "b"]
    separator     = "-"
    modulus       = 8
    target_label  = "t"
  }
}
loki.echo "e" { }`);
    const [spec] = plan.sources[0]!.routes[0]!.spec.processes[0]!.stages;
    assert.deepEqual(spec, {
      stage: 'relabel',
      rules: [
        { ...RELABEL_RULE_DEFAULTS, sourceLabels: [], targetLabel: 't' },
        {
          ...RELABEL_RULE_DEFAULTS,
          action: 'hashmod',
          sourceLabels: ['a', 'b'],
          separator: '-',
          modulus: 8,
          targetLabel: 't',
        },
      ],
    });
  });

  for (const [what, stage, mistake] of [
    ['json without expressions', 'stage.json { }', /^2:1: stage.json needs/],
    ['json with an empty source', 'stage.json {\nregex = "a"\nsource = ""\n}', /^4:10: must not be empty/],
    ['drop without a condition', 'stage.drop { }', /^2:1: stage.drop needs/],
    ['drop with value alone', 'stage.drop {\nvalue = "a"\n}', /^2:1: stage.drop needs/],
    [
      'drop with value and expression',
      'stage.drop {\nsource = "s"\nvalue = "a"\nexpression = "b"\n}',
      /^4:9: .*not both/,
    ],
    ['match that keeps nothing', 'stage.match {\nselector = "{a=\\"b\\"}"\n}', /^2:1: .*needs a stage inside/],
    [
      'match that drops through stages',
      'stage.match {\nselector = "{a=\\"b\\"}"\naction = "drop"\nstage.docker { }\n}',
      /^4:10: .*no stages inside/,
    ],
    ['match without a matcher', 'stage.match {\nselector = "{}"\nstage.docker { }\n}', /^3:14: .*name of a label/],
    ['match with a bad filter', 'stage.match {\nselector = `{a="b"} |~ "("`\nstage.docker { }\n}', /^3:25: .*RE2/],
    [
      'regex of too many instructions',
      `stage.regex {\nexpression = "(?P<a>${'(?:[ab]c){1000}'.repeat(6)})"\n}`,
      /^3:15: .*too large: 12004 instructions .*, of at most 10000$/,
    ],
    ['pattern without a name', 'stage.pattern {\npattern = "<_>"\n}', /^3:12: .*no named capture/],
    ['pattern with neighbours', 'stage.pattern {\npattern = "<a><b>"\n}', /^3:15: <b> follows a capture/],
    [
      'timestamp in no zone',
      'stage.timestamp {\nsource = "a"\nformat = "b"\nlocation = "Mars"\n}',
      /^5:12: .*time zone/,
    ],
    ['tenant twice', 'stage.tenant {\nlabel = "a"\nvalue = "b"\n}', /^2:1: .*exactly one/],
    [
      'limit by label without drop',
      'stage.limit {\nrate = 1\nburst = 1\nby_label_name = "a"\n}',
      /^5:17: .*drop = true/,
    ],
    ['sampling above all', 'stage.sampling {\nrate = 1.5\n}', /^3:8: must be 0 to 1/],
    ['truncate without a rule', 'stage.truncate { }', /^2:1: .*needs a block "rule"/],
    ['truncate with a long suffix', 'stage.truncate {\nrule {\nlimit = "2B"\nsuffix = "ab"\n}\n}', /^5:10: .*shorter/],
    ['cri without partial lines', 'stage.cri {\nmax_partial_lines = 0\n}', /^3:21: must be/],
    [
      'counter of bytes that matches some',
      'stage.metrics {\nmetric.counter {\nname = "a"\naction = "add"\ncount_entry_bytes = true\n}\n}',
      /^6:21: .*match_all/,
    ],
    [
      'histogram that falls',
      'stage.metrics {\nmetric.histogram {\nname = "a"\nbuckets = [2, 1]\n}\n}',
      /^5:11: .*rising/,
    ],
  ] as const) {
    it(`refuse ${what}`, () => {
      const text = `loki.process "p" {\n${stage}\nforward_to = []\n}`;
      const [first, ...others] = mistakesIn(text);
      assert.match(first ?? '', mistake);
      assert.deepEqual(others, []);
    });
  }

  it('check JMESPath', () => {
    const text = `loki.process "p" {
  stage.json {
    expressions = { a = "ok.x[0]", b = "bad[", c = "" }
  }
  forward_to = []
}`;
    const [path, ...others] = mistakesIn(text);
    assert.match(path ?? '', /^3:41: this is no JMESPath/);
    assert.deepEqual(others, []);
  });
});
