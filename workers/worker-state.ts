import type { Format, PipelineSpec, WorkerSetup } from '../src/protocol.js';
import { PushWriter } from './encode/push.js';
import { Labeler } from './label/labels.js';
import { Memory, type MemoryLimits } from './memory.js';
import { CriParser } from './parse/cri.js';
import { DockerParser } from './parse/docker.js';
import { PartialJoiner } from './parse/join.js';
import { MalformedLines } from './parse/malformed.js';
import type { LineParser } from './parse/parser.js';
import { RawParser } from './parse/raw.js';
import { UnstampedLines } from './parse/unstamped.js';
import { Sources } from './read/source.js';

/** What a worker allocates once: buffers and compiled things. Nothing in it changes the outcome of a job. */
export class WorkerState {
  readonly memory: Memory;
  readonly push: PushWriter;
  readonly joiner: PartialJoiner;
  readonly unstamped: UnstampedLines;
  readonly malformed: MalformedLines;
  readonly cri: CriParser;
  readonly docker: DockerParser;
  readonly parsers: Record<Format, LineParser>;
  readonly sources = new Sources();
  #labeler: Labeler | null = null;

  constructor(setup: WorkerSetup, limits?: MemoryLimits) {
    this.memory = new Memory(setup, limits);
    this.push = new PushWriter(this.memory);
    this.joiner = new PartialJoiner(this.memory, this.push);
    this.unstamped = new UnstampedLines(this.push);
    this.malformed = new MalformedLines(this.unstamped);
    const { memory, push, joiner, unstamped, malformed } = this;
    this.cri = new CriParser(memory, push, joiner, unstamped, malformed);
    this.docker = new DockerParser(memory, push, joiner, unstamped, malformed);
    this.parsers = { cri: this.cri, docker: this.docker, raw: new RawParser(unstamped) };
  }

  /** The compiled labels of `spec`, made anew only when its revision changes. */
  labeler(spec: PipelineSpec): Labeler {
    if (this.#labeler === null || this.#labeler.revision !== spec.revision) this.#labeler = new Labeler(spec);
    return this.#labeler;
  }
}
