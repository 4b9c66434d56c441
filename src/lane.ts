import type { LegacyPositions } from './checkpoint/legacy.js';
import type { Config } from './config/config.js';
import { createFileMatch } from './discover/match.js';
import type { TargetLabels } from './pipeline.js';
import type { Format, PipelineSpec } from './protocol.js';
import type { BackoffOptions } from './push/backoff.js';
import type { EndpointOptions } from './push/endpoint.js';
import { endpointOfConfig } from './push/endpoint-options.js';
import type { Hidden } from './push/secret-files.js';

/** Which files a lane reads. */
export interface Files {
  /** Globs of current generations, absolute; some that they match may not be wanted. */
  globs: readonly string[];
  /** The labels that a current generation of this path brings from its target; null if it is not wanted. */
  labelsOf(path: string): TargetLabels | null;
  /** Begins to be read only if it was changed within so many milliseconds; 0: whatever its age. */
  ignoreOlderThanMs(path: string): number;
  /** Each file is compressed, whole, and a log of its own; it is read so many milliseconds after it was found. */
  compressed: { initialDelayMs: number } | null;
}

/** Where pushes go. */
export type Destination =
  | { kind: 'endpoint'; endpoint: EndpointOptions; backoff: BackoffOptions | null }
  /** To standard output; the id of the component. */
  | { kind: 'echo'; component: string };

/**
 * One way from files to an endpoint. Each reads its files for itself and has its own positions, so an endpoint that is
 * down holds up nobody but itself. The built-in pipeline is one lane; an Alloy configuration has one for each way from
 * a source to an endpoint.
 */
export interface Lane {
  /** Under which positions are stored; empty for the built-in pipeline. No spaces. */
  id: string;
  files: Files;
  format: Format | 'auto';
  /** Where files seen at the very first start are read from. */
  start: 'beginning' | 'end';
  /** Taken over at the very first start. */
  legacyPositions: LegacyPositions | null;
  spec: PipelineSpec;
  batchBytes: number;
  batchWaitMs: number;
  /** How long what is open at the end of a file waits for its rest. */
  carryFlushMs: number;
  destination: Destination;
  /** It ships our own log, and takes next to nothing of what the others share. */
  isOwnLog: boolean;
}

/** Whether both are the same endpoint, reached in the same way. */
export function sameDestination(a: Destination, b: Destination): boolean {
  return plainText(a) === plainText(b);
}

function plainText(destination: Destination): string {
  return JSON.stringify(destination, function (this: Record<string, unknown>, key, value: unknown) {
    // What a secret is turned into beforehand is the same for all.
    const held = this[key];
    return isHidden(held) ? held.reveal() : value;
  });
}

function isHidden(value: unknown): value is Hidden {
  return typeof value === 'object' && value !== null && 'reveal' in value && typeof value.reveal === 'function';
}

/** How long an open partial line waits for its end, in milliseconds. */
export const CARRY_FLUSH_MS = 10_000;

let revisions = 0;

/** A number no pipeline had before: workers compile each once. */
export function nextRevision(): number {
  revisions += 1;
  return revisions;
}

/** What the settings ask for. */
export function builtInLane(config: Config): Lane {
  const isWanted = createFileMatch(config.paths, config.exclude);
  return {
    id: '',
    files: {
      globs: config.paths,
      labelsOf: (path) => (isWanted(path) ? [] : null),
      ignoreOlderThanMs: () => 0,
      compressed: null,
    },
    format: config.format,
    start: config.start,
    legacyPositions: null,
    spec: {
      revision: nextRevision(),
      labelRegex: config.labelRegex,
      staticLabels: config.labels,
      streamMode: config.stream,
      maxLineBytes: config.maxLineBytes,
      withoutMetadata: false,
      route: null,
      shared: null,
    },
    batchBytes: config.batchBytes,
    batchWaitMs: config.batchWaitMs,
    carryFlushMs: CARRY_FLUSH_MS,
    destination: {
      kind: 'endpoint',
      endpoint: endpointOfConfig(config),
      backoff: null,
    },
    isOwnLog: false,
  };
}
