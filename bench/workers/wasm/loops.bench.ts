import { compileLoops } from '../../../src/plan/loops.js';
import { compress } from '../../../workers/encode/compress.js';
import { labelBlock } from '../../../workers/label/labels.js';
import { WorkerState } from '../../../workers/worker-state.js';
import { corpusBytes } from '../../corpus.js';
import { type Case, countLines } from '../case.js';

const NEWLINE = 0x0a;
const BLOCK_BYTES = 192 * 1024;
const LABELS = labelBlock(new Map([['pod', 'log-generator']]));

function workerWith(loops: WebAssembly.Module | null): WorkerState {
  return new WorkerState({ batchBytes: 1 << 20, maxLineBytes: 262_144, loops });
}

/** Makes a push of the lines in `block`, with the loops where there are any, and with the parser what they leave. */
function fill({ memory, output, cri }: WorkerState, block: Buffer): void {
  const { push } = output;
  push.beginPush('metadata', memory.maxLineBytes);
  push.beginSlice([LABELS]);
  block.copy(memory.bytes);
  memory.bytes[block.length] = NEWLINE;
  for (let at = 0; at < block.length; ) {
    at = cri.loop?.take(at, block.length, block.length) ?? at;
    if (at === block.length) break;
    const newline = memory.bytes.indexOf(NEWLINE, at);
    cri.line(at, newline);
    at = newline + 1;
  }
  push.endSlice();
}

/** A push of lines as long as that, in a worker of its own: it lies where it was written. */
function compressions(lineBytes: number): Case[] {
  const worker = workerWith(compileLoops());
  fill(worker, corpusBytes(BLOCK_BYTES, 1, lineBytes));
  const push = worker.output.push.part(0, worker.output.push.length);
  const what = lineBytes === 0 ? 'lines of natural length' : `lines of ${lineBytes} bytes`;
  const count = push.length;
  return [
    { name: `compress ${what}, snappy`, unit: 'bytes', count, fn: () => void compress(push) },
    { name: `compress ${what}, WebAssembly`, unit: 'bytes', count, fn: () => void worker.loops?.compress(push) },
  ];
}

/** WebAssembly beside what does the same without it. */
export function cases(): Case[] {
  const block = corpusBytes(BLOCK_BYTES, 1);
  const count = countLines(block);
  const plain = workerWith(null);
  const fast = workerWith(compileLoops());
  return [
    { name: 'find, parse and encode, JavaScript', unit: 'lines', count, fn: () => fill(plain, block) },
    { name: 'find, parse and encode, WebAssembly', unit: 'lines', count, fn: () => fill(fast, block) },
    ...[0, 40, 400].flatMap(compressions),
  ];
}
