import type { PipelineDelta } from '../../src/pipeline.js';
import type { PipelineSpec, Slice } from '../../src/protocol.js';
import type { TrackParts } from '../joining-track.js';
import { labelBlock } from '../label/labels.js';
import type { Memory } from '../memory.js';
import { remember } from '../remember.js';
import { TENANT_LABEL } from '../stages/tenant.js';
import type { Track, Tracks } from '../track.js';
import type { Loops } from '../wasm/loops.js';
import { CriTrack } from './cri-track.js';
import { DeltaSum } from './delta.js';
import type { LabelSet } from './labels.js';
import { Pipeline } from './pipeline.js';
import { PlainTrack } from './plain-track.js';
import { StageTrack } from './stage-track.js';
import { blockOf } from './streams.js';

export interface RouteParts extends TrackParts {
  memory: Memory;
  /** Null where WebAssembly is not to be had. */
  loops: Loops | null;
}

/** What the lines of a path go through, and the labels that all of them have. */
interface Way {
  kind: 'plain' | 'cri' | 'stages';
  labels: LabelSet;
  blocks: Uint8Array[];
  tenant: string;
}

/** A route of a configuration, compiled. What is left to be done for a line decides which track it takes. */
export class Route implements Tracks {
  readonly #pipeline: Pipeline;
  readonly #delta = new DeltaSum();
  readonly #ways = new Map<string, Way>();
  readonly #plain: PlainTrack;
  readonly #cri: CriTrack;
  readonly #stages: StageTrack;
  readonly #encoding: string | null;

  /** Throws an Error with a message for the user if a stage does not hold; it is checked at start. */
  constructor({ route, shared }: PipelineSpec, parts: RouteParts) {
    if (route === null) throw new TypeError('a pipeline without a route');
    this.#encoding = route.encoding ?? null;
    const maxLineBytes = Math.min(route.maxLineBytes, parts.memory.maxLineBytes);
    const { loops } = parts;
    this.#pipeline = new Pipeline({ ...route, maxLineBytes }, shared === null ? { loops } : { loops, shared });
    this.#plain = new PlainTrack(parts);
    this.#cri = new CriTrack(parts);
    this.#stages = new StageTrack(this.#pipeline, parts, this.#encoding);
  }

  of(slice: Slice): Track {
    const { kind, labels, blocks, tenant } = this.#wayOf(slice);
    if (kind === 'stages') return this.#stages;
    const track = kind === 'plain' ? this.#plain : this.#cri;
    track.use(labels, blocks, tenant);
    return track;
  }

  settle(holds: boolean): void {
    const delta = this.#pipeline.takeDelta();
    if (holds) this.#delta.add(delta);
  }

  takeDelta(): PipelineDelta | null {
    return this.#delta.take();
  }

  #wayOf({ path, targetLabels }: Slice): Way {
    const key = targetLabels.length === 0 ? path : JSON.stringify([path, targetLabels]);
    const known = this.#ways.get(key);
    return known ?? remember(this.#ways, key, this.#decide(path, targetLabels));
  }

  #decide(path: string, targetLabels: Slice['targetLabels']): Way {
    const { plain, left, labels, metadata } = this.#pipeline.hoisted(path, targetLabels);
    const tenant = labels.get(TENANT_LABEL) ?? '';
    const unlabelled = (): Uint8Array => labelBlock(new Map([['filename', path]]));
    const stages: Way = { kind: 'stages', labels, blocks: [], tenant };
    if (metadata.length > 0 || this.#encoding !== null) return stages;
    const block = blockOf(labels, unlabelled);
    if (plain) return { kind: 'plain', labels, blocks: [block], tenant };
    const [only] = left;
    // Otherwise partial lines are cut or sent early, which the stage does by itself.
    if (left.length !== 1 || only?.stage !== 'cri' || only.maxPartialLineSizeTruncate || only.maxPartialLines < 3) {
      return stages;
    }
    const streams = ['stdout', 'stderr'].map((stream) => blockOf(labels.with('stream', stream), unlabelled));
    return { kind: 'cri', labels, blocks: [block, ...streams], tenant };
  }
}
