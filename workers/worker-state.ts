import type { Format, PipelineSpec, WorkerSetup } from '../src/protocol.js';
import { BuiltIn } from './built-in.js';
import { Memory, type MemoryLimits } from './memory.js';
import { JobOutput } from './output.js';
import { CriParser } from './parse/cri.js';
import { DockerParser } from './parse/docker.js';
import { PartialJoiner } from './parse/join.js';
import { MalformedLines } from './parse/malformed.js';
import type { LineParser } from './parse/parser.js';
import { RawParser } from './parse/raw.js';
import { UnstampedLines } from './parse/unstamped.js';
import type { Room } from './pipeline/room.js';
import { Sources } from './read/source.js';
import type { Tracks } from './track.js';
import { Loops } from './wasm/loops.js';

/** More ways through a configuration than most have; the one that was used longest ago is compiled anew. */
const MAX_PIPELINES = 64;

function memoryOf(setup: WorkerSetup, limits: MemoryLimits | undefined): Memory {
  if (setup.loops !== undefined && setup.loops !== null) {
    try {
      return new Memory(setup, limits, true);
    } catch (error) {
      // A linear memory reserves gigabytes of address space, which may be limited.
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return new Memory(setup, limits);
}

/** What a worker allocates once: buffers and compiled things. Nothing in it changes the outcome of a job. */
export class WorkerState {
  readonly memory: Memory;
  readonly output: JobOutput;
  readonly joiner: PartialJoiner;
  readonly unstamped: UnstampedLines;
  readonly malformed: MalformedLines;
  readonly cri: CriParser;
  readonly docker: DockerParser;
  readonly parsers: Record<Format, LineParser>;
  /** Null where WebAssembly is not to be had: then the parsers do everything. */
  readonly loops: Loops | null;
  readonly sources = new Sources();
  readonly #byRevision = new Map<number, Tracks>();

  constructor(setup: WorkerSetup, limits?: MemoryLimits) {
    this.memory = memoryOf(setup, limits);
    this.output = new JobOutput(this.memory, setup.shelf ?? null);
    const { memory, output } = this;
    const { push } = output;
    this.joiner = new PartialJoiner(memory, push);
    this.unstamped = new UnstampedLines(push);
    this.malformed = new MalformedLines(this.unstamped);
    const { joiner, unstamped, malformed } = this;
    this.cri = new CriParser(memory, push, joiner, unstamped, malformed);
    this.docker = new DockerParser(memory, push, joiner, unstamped, malformed);
    this.parsers = { cri: this.cri, docker: this.docker, raw: new RawParser(unstamped) };
    const { linear } = memory;
    const module = setup.loops ?? null;
    this.loops = linear === null || module === null ? null : new Loops(module, linear, memory, push);
    this.cri.loop = this.loops?.lines(unstamped, false) ?? null;
    output.loops = this.loops;
  }

  /** What only the routes of a configuration need. The built-in pipeline does not pay for it. */
  room(): Promise<Room> {
    return import('./pipeline/room.js');
  }

  /** The compiled pipeline of `spec`; the last few revisions are remembered. Throws what compiling it throws. */
  async tracks(spec: PipelineSpec): Promise<Tracks> {
    const { revision } = spec;
    const tracks = this.#byRevision.get(revision) ?? (await this.#compiled(spec));
    this.#byRevision.delete(revision);
    this.#byRevision.set(revision, tracks);
    if (this.#byRevision.size > MAX_PIPELINES) this.#byRevision.delete(this.#byRevision.keys().next().value!);
    return tracks;
  }

  async #compiled(spec: PipelineSpec): Promise<Tracks> {
    if (spec.route === null) return new BuiltIn(spec, this);
    const { Route, loadRouteLibraries } = await this.room();
    await loadRouteLibraries(spec.route);
    return new Route(spec, this);
  }
}
