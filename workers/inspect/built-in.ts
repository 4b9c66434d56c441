import type {
  Format,
  InspectedEntry,
  InspectedLog,
  InspectedPass,
  InspectedStep,
  PipelineSpec,
} from '../../src/protocol.js';
import { type ReadEntry, readPush } from '../encode/read-push.js';
import { Labeler } from '../label/labels.js';
import { detectFormat } from '../parse/auto.js';
import { readText } from '../pipeline/text.js';
import type { ByteSource } from '../read/source.js';
import { Window } from '../read/window.js';
import { unescapeGo } from '../stages/go/unescape.js';
import { WorkerState } from '../worker-state.js';
import { formatTimestamp } from './changes.js';
import type { Inspector } from './inspector.js';

const NEWLINE = 0x0a;
const COMPONENT = 'built-in';
/** As small as a push may be: it holds the entries of one line. */
const BATCH_BYTES = 64 * 1024;

export interface BuiltInLog {
  path: string;
  format: Format | 'auto';
  /** The longest line that any job of the process may bring. */
  maxLineBytes: number;
  readTimeMs: number;
}

/** Inspects the built-in pipeline: the very parsers and the very writer that run without a configuration file. */
export class BuiltInInspector implements Inspector {
  readonly log: InspectedLog;
  readonly #state: WorkerState;
  readonly #spec: PipelineSpec;
  readonly #blocks: readonly Uint8Array[];
  /** The label block of entries that come from no stream. */
  readonly #pathLabels: string;
  #format: Format | 'auto';

  constructor(spec: PipelineSpec, { path, format, maxLineBytes, readTimeMs }: BuiltInLog) {
    this.#state = new WorkerState({ batchBytes: BATCH_BYTES, maxLineBytes });
    this.#state.joiner.beginSlice([]);
    this.#state.unstamped.beginSlice(readTimeMs);
    this.#spec = spec;
    this.#format = format;
    this.#blocks = new Labeler(spec).of(path).blocks;
    this.#pathLabels = Buffer.from(this.#blocks[0]!).toString();
    const labels = labelsIn(this.#pathLabels).map(([name, after]) => ({ name, after }));
    this.log = {
      once: [{ ...stepOf('labels of the path'), changes: { labels } }],
      each: [{ component: COMPONENT, stage: `format ${format}` }],
    };
  }

  /** Decides the format as a worker does, by what it sees first of the log. */
  async begin(bytes: Buffer): Promise<void> {
    if (this.#format !== 'auto') return;
    const { memory, cri, docker } = this.#state;
    const window = new Window(memory, new BytesSource(bytes));
    const slice = { to: bytes.length, final: true };
    this.#format = (await detectFormat(window, cri, docker, slice, memory.holdBytes)) ?? 'raw';
  }

  line(bytes: Buffer, from: number, to: number, offset: number): InspectedPass[] {
    const { memory, unstamped, malformed, parsers } = this.#state;
    const format = this.#format === 'auto' ? 'raw' : this.#format;
    const length = bytes.copy(memory.bytes, 0, from, to);
    memory.bytes[length] = NEWLINE;
    unstamped.origin = offset;
    malformed.count = 0;
    const entries = this.#written(() => parsers[format].line(0, length));
    const step = stepOf(`format ${format}`);
    if (malformed.count > 0) step.reason = `no ${format} line, sent as it is`;
    const [entry] = entries;
    if (entry === undefined) return [{ steps: [{ ...step, outcome: 'held' }], entry: null }];
    const before = readText(bytes, from, to);
    const after = readText(entry.line, 0, entry.line.length);
    if (before !== after) step.changes.line = { before, after };
    step.changes.timestamp = { before: null, after: formatTimestamp(entry.seconds, entry.nanos) };
    const metadata = entry.metadata.map(([name, value]) => ({ name, after: value }));
    if (metadata.length > 0) step.changes.metadata = metadata;
    const known = new Set(labelsIn(this.#pathLabels).map(([name, value]) => `${name}=${value}`));
    const labels = labelsIn(entry.labels).filter(([name, value]) => !known.has(`${name}=${value}`));
    if (labels.length > 0) step.changes.labels = labels.map(([name, value]) => ({ name, after: value }));
    return [{ steps: [step], entry: this.#inspected(entry) }];
  }

  end(): InspectedPass[] {
    const entries = this.#written(() => {
      this.#state.joiner.flush();
    });
    return entries.map((entry) => ({ steps: [], entry: this.#inspected(entry) }));
  }

  /** The entries that `write` puts into an empty push. */
  #written(write: () => void): ReadEntry[] {
    const { push } = this.#state.output;
    push.beginPush(this.#spec.streamMode, this.#spec.maxLineBytes);
    push.beginSlice(this.#blocks);
    write();
    push.endSlice();
    return push.length === 0 ? [] : readPush(Buffer.from(push.part(0, push.length)));
  }

  #inspected({ labels, seconds, nanos, line, metadata }: ReadEntry): InspectedEntry {
    return {
      stream: labels,
      timestamp: formatTimestamp(seconds, nanos),
      line: readText(line, 0, line.length),
      metadata,
      tenant: null,
      cut: this.#state.output.push.cutEntries > 0,
    };
  }
}

function stepOf(stage: string): InspectedStep {
  const nothing = { changes: {}, reason: null, counted: [], because: null, nested: [], emitted: [] };
  return { component: COMPONENT, stage, outcome: 'passed', ...nothing };
}

/** The labels in a block such as `{a="v", b="w"}`. */
function labelsIn(block: string): [name: string, value: string][] {
  const pairs = block.matchAll(/([^\s{,=]+)="((?:[^"\\]|\\.)*)"/g);
  return [...pairs].map(([, name, value]) => [name!, unescapeGo(value!)]);
}

/** Bytes in memory as a source. */
class BytesSource implements ByteSource {
  readonly start = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(into: Buffer, at: number, length: number, position: number): number {
    return this.#bytes.copy(into, at, position, position + length);
  }

  giveBack(): void {}

  close(): void {}
}
