import { fromDoublestar } from '../../discover/doublestar.js';
import { createFileMatch } from '../../discover/match.js';
import { CARRY_FLUSH_MS, type Destination, type Files, type Lane, nextRevision } from '../../lane.js';
import { limitLayout, type RouteSpec, type StageSpec, sharedBytes, type TargetLabels } from '../../pipeline.js';
import { backoffOfPlan, endpointOfPlan } from '../../push/endpoint-options.js';
import { ownLogPath } from '../../telemetry/own-log.js';
import type { Config } from '../config.js';
import type { PipelinePlan, RoutePlan, SourcePlan, TargetPlan } from './plan.js';
import { fileLabels } from './targets.js';

/** What of the settings holds for lanes of a configuration file as well. */
export type LaneSettings = Pick<Config, 'batchBytes' | 'maxLineBytes' | 'stateDir'>;

/** Paths that are remembered with their labels; more than a node has logs. */
const MAX_PATHS = 20_000;
/** More than our own log has in an hour. */
const OWN_LOG_BATCH_BYTES = 64 * 1024;

/**
 * One lane for each way from a source to an endpoint. Batches are at most `settings.batchBytes`: the workers' buffers are
 * made for that.
 */
export function lanesOf({ sources, writes, logging }: PipelinePlan, settings: LaneSettings): Lane[] {
  const lanes: Lane[] = [];
  const ownLog = ownLogSource(logging?.routes ?? [], settings.stateDir);
  for (const source of [...sources, ownLog]) {
    const isOwnLog = source === ownLog;
    const mostBytes = isOwnLog ? Math.min(OWN_LOG_BATCH_BYTES, settings.batchBytes) : settings.batchBytes;
    const { decompression } = source;
    const files = filesOf(source.targets, decompression);
    for (const route of source.routes) {
      const id = [source.component, ...route.spec.processes.map(({ component }) => component), route.sink.component];
      const write = writes.find(({ component }) => component === route.sink.component);
      const endpoints = write?.endpoints ?? [null];
      for (const [index, endpoint] of endpoints.entries()) {
        const destination: Destination =
          endpoint === null
            ? { kind: 'echo', component: route.sink.component }
            : { kind: 'endpoint', endpoint: endpointOfPlan(endpoint), backoff: backoffOfPlan(endpoint) };
        const name = endpoint?.name ?? (index === 0 ? null : String(index));
        lanes.push({
          ...laneOf(route, source.encoding, index === 0, write?.maxStreams ?? 0, settings),
          id: freeId(name === null ? id.join('>') : `${id.join('>')}#${name}`, lanes),
          files,
          start: source.tailFromEnd && decompression === null ? 'end' : 'beginning',
          legacyPositions:
            source.legacyPositionsFile === null
              ? null
              : { file: source.legacyPositionsFile, onInvalid: source.onPositionsFileError },
          batchBytes: Math.min(endpoint?.batchSizeBytes ?? mostBytes, mostBytes),
          batchWaitMs: endpoint?.batchWaitMs ?? 1000,
          destination,
          isOwnLog,
        });
      }
    }
  }
  return lanes;
}

/** Our own log is a file like any other: the disk is its queue. */
function ownLogSource(routes: RoutePlan[], stateDir: string): SourcePlan {
  const path = ownLogPath(stateDir);
  const labels: [string, string][] = [['component', 'alloy']];
  const kind = { literal: true, exclude: null, relabel: [], ignoreOlderThanMs: 0 };
  return {
    component: 'logging',
    targets: [{ ...kind, path, labels }],
    encoding: null,
    tailFromEnd: false,
    decompression: null,
    legacyPositionsFile: null,
    onPositionsFileError: 'skip',
    routes,
  };
}

/** A way that is taken for several endpoints counts what its stages see for the first alone. */
function laneOf(
  { spec }: RoutePlan,
  encoding: string | null,
  counts: boolean,
  maxStreams: number,
  { maxLineBytes }: LaneSettings,
): Pick<Lane, 'format' | 'spec' | 'carryFlushMs'> {
  const revision = nextRevision();
  const processes = spec.processes.map((process) => ({ ...process, counts: process.counts && counts }));
  const limited = maxStreams === 0 ? {} : { maxStreams };
  const decoded = isUtf8(encoding) ? {} : { encoding };
  const route: RouteSpec = { ...spec, processes, revision, maxLineBytes, ...limited, ...decoded };
  const waits = route.processes.flatMap(({ stages }) => waitsOf(stages));
  const bytes = sharedBytes(limitLayout(route));
  return {
    format: 'auto',
    spec: {
      revision,
      labelRegex: '',
      staticLabels: [],
      streamMode: 'off',
      maxLineBytes,
      withoutMetadata: false,
      route,
      shared: bytes === 0 ? null : new SharedArrayBuffer(bytes),
    },
    carryFlushMs: waits.length === 0 ? CARRY_FLUSH_MS : Math.min(...waits),
  };
}

/** UTF-8 is shipped as it is, valid or not. */
function isUtf8(encoding: string | null): encoding is null {
  return encoding === null || new TextDecoder(encoding).encoding === 'utf-8';
}

/** How long the stages hold back what is not complete. */
function waitsOf(stages: readonly StageSpec[]): number[] {
  return stages.flatMap((stage) => {
    if (stage.stage === 'match') return waitsOf(stage.stages);
    return stage.stage === 'multiline' ? [stage.maxWaitTimeMs] : [];
  });
}

/** What the target of a file says of it. */
interface Found {
  labels: TargetLabels | null;
  ignoreOlderThanMs: number;
}

/** A file that several targets match is read once, as the first of them says. */
export function filesOf(targets: readonly TargetPlan[], compressed: Files['compressed'] = null): Files {
  const matches = targets.map(({ path, literal, exclude }) =>
    literal
      ? (file: string) => file === path
      : createFileMatch([fromDoublestar(path)], exclude === null ? [] : [fromDoublestar(exclude)]),
  );
  const known = new Map<string, Found>();
  const find = (path: string): Found => {
    for (const [index, target] of targets.entries()) {
      const labels = matches[index]?.(path) === true ? fileLabels(target, path) : null;
      if (labels !== null) return { labels, ignoreOlderThanMs: target.ignoreOlderThanMs };
    }
    return { labels: null, ignoreOlderThanMs: 0 };
  };
  const of = (path: string): Found => {
    let found = known.get(path);
    if (found === undefined) {
      if (known.size >= MAX_PATHS) known.clear();
      found = find(path);
      known.set(path, found);
    }
    return found;
  };
  return {
    globs: [...new Set(targets.map(({ path, literal }) => (literal ? escapeGlob(path) : fromDoublestar(path))))],
    labelsOf: (path) => of(path).labels,
    ignoreOlderThanMs: (path) => of(path).ignoreOlderThanMs,
    compressed,
  };
}

/** The characters that mean something to fast-glob and picomatch. */
function escapeGlob(path: string): string {
  return path.replace(/[\\*?[\]{}()!+@|]/g, '\\$&');
}

function freeId(id: string, lanes: readonly Lane[]): string {
  const plain = id.replace(/\s/g, '_');
  let free = plain;
  for (let count = 2; lanes.some((lane) => lane.id === free); count += 1) free = `${plain}~${count}`;
  return free;
}
