import type { LooseStage } from '../stages/harness.js';

/** Stages that remember something, and some that do not, over lines that mean something to them. */
export const STAGES: LooseStage[] = [
  { cri: {} },
  { cri: { maxPartialLines: 1 } },
  { multiline: { firstline: '^\\S' } },
  { multiline: { firstline: 'a', maxLines: 2 } },
  { regex: { expression: '(?P<t>\\d+)' } },
  { regex: { expression: '^/var/log/pods/(?P<namespace>[^_]+)_', source: 'filename' } },
  { labels: { values: { namespace: '', t: '' } } },
  { timestamp: { source: 't', format: 'Unix' } },
  { template: { source: 't', template: '{{ .t }}0' } },
  {
    match: {
      selector: '{stream="stdout"} |~ "a|b"',
      stages: [{ multiline: { firstline: 'b' } }, { static_labels: { values: { m: '1' } } }],
    },
  },
  { split_json: {} },
  { sampling: { rate: 0.5 } },
  { drop: { expression: 'x' } },
  { structured_metadata: { values: { t: '' } } },
  { label_drop: { values: ['stream'] } },
  { pack: { labels: ['stream'] } },
  { metrics: { metrics: [{ type: 'counter', name: 'c', action: 'inc', matchAll: true }] } },
];
