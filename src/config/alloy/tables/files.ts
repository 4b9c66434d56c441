import { isAbsolute, resolve } from 'node:path';
import type { RelabelRule } from '../../../pipeline.js';
import type { Diagnostics, Place } from '../diagnostics.js';
import type { TargetPlan } from '../plan.js';
import { relabel } from '../relabel.js';
import { block, type DecodedOf, differs, optional, required, schema } from '../schema.js';
import * as t from '../types.js';
import { GlobTarget, type Value } from '../value.js';
import { type Component, component, type Surrounding } from './component.js';
import { relabelRule, relabelRuleOf } from './relabel-rule.js';

const PATH = '__path__';
const EXCLUDE = '__path_exclude__';

/** A target that says which files it is. */
const pathTarget: t.Type<t.TargetValue> = {
  name: 'map(string)',
  decode(given, diagnostics) {
    const target = t.target.decode(given, diagnostics);
    if (target === undefined || target instanceof GlobTarget || target.get(PATH)) return target;
    diagnostics.error(given.expression, `the target has no "${PATH}"`);
    return undefined;
  },
};

function absolute(path: string): string {
  return isAbsolute(path) ? path : resolve(path);
}

function globOf(labels: ReadonlyMap<string, string>, ignoreOlderThanMs: number): GlobTarget {
  const exclude = labels.get(EXCLUDE);
  return new GlobTarget({
    glob: absolute(labels.get(PATH) ?? ''),
    exclude: exclude ? absolute(exclude) : null,
    labels: new Map([...labels].filter(([name]) => name !== PATH)),
    ignoreOlderThanMs,
    relabel: [],
  });
}

function planOf(target: GlobTarget): TargetPlan {
  return {
    path: target.glob,
    literal: false,
    exclude: target.exclude,
    labels: [...target.labels],
    relabel: [...target.relabel],
    ignoreOlderThanMs: target.ignoreOlderThanMs,
  };
}

const syncPeriod = differs(
  'without effect: new files are noticed at once where inotify works, and by a scan every `SLEIPNIR_SCAN_INTERVAL` (1s without inotify)',
);
const ignoreOlder = differs(
  'a file that is already read is not dropped and not read again from its start, as Alloy does',
);

const fileMatch = schema({
  path_targets: required(t.list(pathTarget)),
  sync_period: optional(t.duration(0, 'more than 0s', true), 10_000, syncPeriod),
  ignore_older_than: optional(t.duration(0, '0s or more'), 0, ignoreOlder),
});

const pollFrequency = differs('without effect: open files are looked at every `batch_wait`');

const sourceFile = schema(
  {
    targets: required(t.list(pathTarget)),
    forward_to: required(t.list(t.receiver)),
    encoding: optional(
      t.checkedText(encodingProblem),
      '',
      differs('a byte order mark in the file does not change it; names are those of the WHATWG'),
    ),
    tail_from_end: optional(
      t.flag,
      false,
      differs('for files that are there at the very first start; a pod that comes later is read from its beginning'),
    ),
    legacy_positions_file: optional(
      t.text,
      '',
      differs(
        "takes an Alloy's own positions.yml as well; a file that was rotated since is found again; those of bzip2 files are not found, and these are read whole",
      ),
    ),
    on_positions_file_error: optional(
      t.oneOf('skip', 'restart_from_end', 'restart_from_beginning'),
      'restart_from_beginning',
      differs(
        'counts for "legacy_positions_file" alone, since our own positions have checksums; "skip" skips the position',
      ),
    ),
  },
  {
    decompression: block(
      schema({
        enabled: required(t.flag),
        format: required(
          t.oneOf('gz', 'z', 'bz2'),
          differs('they are told apart by how a file begins, whichever of them stands here'),
        ),
        initial_delay: optional(
          t.duration(0, '0s or more'),
          0,
          differs('it is opened at first sight nevertheless, and read even if it is deleted before'),
        ),
      }),
      'optional',
      differs(
        'a file that is not complete yet is tried again while it grows; another file under the same name is read as well, and one under another name is another file; `tail_from_end` is without effect',
      ),
    ),
    file_watch: block(
      schema({
        min_poll_frequency: optional(t.duration(0, 'more than 0s', true), 250, pollFrequency),
        max_poll_frequency: optional(t.duration(0, 'more than 0s', true), 250, pollFrequency),
      }),
      'optional',
      pollFrequency,
    ),
    file_match: block(
      schema({
        enabled: optional(t.flag, false),
        sync_period: optional(t.duration(0, 'more than 0s', true), 10_000, syncPeriod),
        ignore_older_than: optional(t.duration(0, '0s or more'), 0),
      }),
      'optional',
    ),
  },
);

function buildSourceFile(
  { args, blocks, place, at }: DecodedOf<typeof sourceFile>,
  { id, graph, diagnostics }: Surrounding,
) {
  const { decompression, file_match: match } = blocks;
  const targets = args.targets.map((target): TargetPlan => {
    if (target instanceof GlobTarget) return planOf(target);
    if (match?.args.enabled) return planOf(globOf(target, match.args.ignore_older_than));
    const path = target.get(PATH) ?? '';
    if (/[*?[{]/.test(path)) {
      diagnostics.warning(
        at('targets'),
        `"${path}" is taken as the name of one file; for a glob use local.file_match, or file_match { enabled = true }`,
      );
    }
    return { ...planOf(globOf(target, 0)), exclude: null, literal: true };
  });
  const plan = {
    component: id,
    targets,
    encoding: args.encoding || null,
    tailFromEnd: args.tail_from_end,
    decompression: decompression?.args.enabled ? { initialDelayMs: decompression.args.initial_delay } : null,
    legacyPositionsFile: args.legacy_positions_file || null,
    onPositionsFileError: args.on_positions_file_error,
  };
  graph.addSource(plan, args.forward_to, place);
  return {};
}

function encodingProblem(encoding: string): string | null {
  if (encoding === '') return null;
  try {
    new TextDecoder(encoding);
    return null;
  } catch {
    return `"${encoding}" is no character encoding such as "utf-16le"`;
  }
}

function relabelTargets(rules: readonly RelabelRule[], targets: readonly t.TargetValue[]): Value[] {
  return targets.flatMap((target): Value[] => {
    if (target instanceof GlobTarget) return [target.withRelabel(rules)];
    const labels = relabel(rules, target);
    return labels === null || labels.size === 0 ? [] : [labels];
  });
}

/** The path of a file that was found cannot be changed any more. */
function checkPathRule(
  rules: readonly { args: { target_label: string; action: string }; at(name: string): Place }[],
  diagnostics: Diagnostics,
) {
  for (const rule of rules) {
    if (rule.args.target_label !== PATH) continue;
    diagnostics.error(
      rule.at('target_label'),
      `"${PATH}" cannot be changed after local.file_match has found the files; put discovery.relabel before it`,
    );
  }
}

/** What says which files are read, and reads them. */
export const fileComponents: Readonly<Record<string, Component>> = {
  'local.file_match': component(
    fileMatch,
    ['targets'],
    ({ args }) => ({
      targets: args.path_targets.map((target) =>
        target instanceof GlobTarget ? target : globOf(target, args.ignore_older_than),
      ),
    }),
    differs(
      'a file that several targets of a source match is read once, with the labels of the first that keeps it; rotated and compressed generations of a file come with it, under its name',
    ),
  ),
  'loki.source.file': component(
    sourceFile,
    [],
    buildSourceFile,
    differs(
      'an entry whose pipeline sets no timestamp takes the one its CRI or Docker line begins with, and only else the time of reading, so that a repeat is the same entry; lines longer than `SLEIPNIR_MAX_LINE_BYTES` are cut; every way from here to an endpoint reads for itself, with positions of its own',
    ),
  ),
  'discovery.relabel': component(
    schema(
      { targets: required(t.list(t.target)) },
      { rule: block(relabelRule, 'many') },
      ({ args, blocks }, diagnostics) => {
        if (args.targets.some((target) => target instanceof GlobTarget)) checkPathRule(blocks.rule, diagnostics);
      },
    ),
    ['output'],
    ({ args, blocks }) => ({ output: relabelTargets(blocks.rule.map(relabelRuleOf), args.targets) }),
    differs('only for targets that are files; does not export `rules`'),
  ),
};
