import { labelBlock } from '../../../workers/label/labels.js';
import { WorkerState } from '../../../workers/worker-state.js';
import { corpusBytes } from '../../corpus.js';
import { PushRequest } from '../../receiver/push.js';
import { type Case, countLines } from '../case.js';

const NEWLINE = 0x0a;
const BLOCK_BYTES = 192 * 1024;
const LABELS = new Map([
  ['namespace', 'default'],
  ['pod', 'log-generator'],
  ['container', 'log-generator'],
]);
const CRI = /^(\S+) (stdout|stderr) ([FP]) (.*)$/;

/** From lines in memory to a push that is not compressed yet: what it costs beside reading and compression. */
export function cases(): Case[] {
  const block = corpusBytes(BLOCK_BYTES, 1);
  const count = countLines(block);
  const {
    memory,
    output: { push },
    parsers,
  } = new WorkerState({ batchBytes: 1 << 20, maxLineBytes: 262_144 });
  const labels = labelBlock(LABELS);
  const { bytes } = memory;
  block.copy(bytes);
  bytes[block.length] = NEWLINE;
  return [
    {
      name: 'find the line ends, nothing else',
      unit: 'lines',
      count,
      fn: () => {
        for (let at = 0; at < block.length; ) at = bytes.indexOf(NEWLINE, at) + 1;
      },
    },
    {
      name: 'find and copy the content, nothing else',
      unit: 'lines',
      count,
      fn: () => {
        let to = memory.outputAt[0];
        for (let at = 0; at < block.length; ) {
          const newline = bytes.indexOf(NEWLINE, at);
          bytes.copyWithin(to, at + 40, newline);
          to += newline - at;
          at = newline + 1;
        }
      },
    },
    {
      name: 'find, parse and encode',
      unit: 'lines',
      count,
      fn: () => {
        push.beginPush('metadata', memory.maxLineBytes);
        push.beginSlice([labels]);
        const parser = parsers.cri;
        for (let at = 0; at < block.length; ) {
          const newline = bytes.indexOf(NEWLINE, at);
          parser.line(at, newline);
          at = newline + 1;
        }
        push.endSlice();
      },
    },
    {
      name: 'the same with split, a regular expression and protobufjs',
      unit: 'lines',
      count,
      fn: () => {
        const entries: object[] = [];
        for (const line of block.toString('utf8').split('\n')) {
          const match = CRI.exec(line);
          if (match === null) continue;
          const [, time, stream, , content] = match;
          entries.push({
            timestamp: { seconds: Math.floor(Date.parse(time!) / 1000), nanos: Number(time!.slice(20, 29)) },
            line: Buffer.from(content!),
            structuredMetadata: [{ name: 'stream', value: stream }],
          });
        }
        PushRequest.encode({ streams: [{ labels: labels.toString(), entries }] }).finish();
      },
    },
  ];
}
