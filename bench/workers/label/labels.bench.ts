import type { PipelineSpec } from '../../../src/protocol.js';
import { Labeler } from '../../../workers/label/labels.js';
import type { Case } from '../case.js';

const PATHS = Array.from({ length: 1000 }, (_, i) => `/var/log/pods/team-${i % 20}_web-${i}_0a1b2c3d-${i}/app/0.log`);
const SPEC: PipelineSpec = {
  revision: 1,
  labelRegex: '/pods/(?P<namespace>[^_]+)_(?P<pod>[^_]+)_[^/]+/(?P<container>[^/]+)/',
  staticLabels: [['cluster', 'c1']],
  streamMode: 'metadata',
  maxLineBytes: 262_144,
  withoutMetadata: false,
  route: null,
  shared: null,
};

/** The label block of a path, which a worker makes once for each container log and then remembers. */
export function cases(): Case[] {
  const known = new Labeler(SPEC);
  for (const path of PATHS) known.of(path);
  return [
    {
      name: 'labels of a path seen before',
      unit: 'ops',
      count: PATHS.length,
      fn: () => {
        for (const path of PATHS) known.of(path);
      },
    },
    {
      name: 'labels of a new path',
      unit: 'ops',
      count: PATHS.length,
      fn: () => {
        const labeler = new Labeler(SPEC);
        for (const path of PATHS) labeler.of(path);
      },
    },
  ];
}
