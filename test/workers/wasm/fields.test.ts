import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { JsonStage } from '../../../src/pipeline.js';
import { compileLoops } from '../../../src/plan/loops.js';
import { Entry } from '../../../workers/pipeline/entry.js';
import { LabelSets } from '../../../workers/pipeline/labels.js';
import type { Stage, StageContext } from '../../../workers/pipeline/stage.js';
import { Tally } from '../../../workers/pipeline/tally.js';
import { compileJson } from '../../../workers/stages/json.js';
import { WorkerState } from '../../../workers/worker-state.js';
import { jsonLine, KEYS } from '../stages/json-lines.js';

const worker = new WorkerState({ batchBytes: 1 << 16, maxLineBytes: 262_144, loops: compileLoops() });
const { bytes } = worker.memory;
const labels = new LabelSets().of(new Map());
const keys = [...KEYS.filter((key) => /^\w+$/.test(key)), 'b'];
const expressions = keys.map((key, i): [string, string] => [`v${i}`, key]);
const spec: JsonStage = { stage: 'json', expressions, regex: null, source: null, dropMalformed: true };
const fast = stageOf(spec, true);
/** With a regex, lines are always parsed as a whole. */
const slow = stageOf({ ...spec, regex: '^never$' }, false);

function stageOf(json: JsonStage, loops: boolean): Stage {
  // `stage.json` asks for nothing else.
  return compileJson(json, { loops: loops ? worker.loops : null, tally: new Tally('', false) } as StageContext);
}

/** What a stage makes of the line at `at`. */
function made(stage: Stage, at: number, length: number): unknown {
  const entry = new Entry(labels);
  entry.begin(bytes, at, at + length, labels, new Map());
  return { kept: stage.process(entry), values: entry.extracted.all() };
}

describe('fields', () => {
  test('are found as in the parsed line, whatever stands behind it', () => {
    const behind = fc.constantFrom('\n', '\n}', '\n"', '\r\n  1}', '\n,"b":2}', '\n:1}');
    const property = fc.property(jsonLine, behind, fc.nat(40), (line, rest, at) => {
      bytes.fill(0x20, 0, at);
      line.copy(bytes, at);
      bytes.write(rest, at + line.length, 'latin1');
      assert.deepEqual(made(fast, at, line.length), made(slow, at, line.length));
    });
    fc.assert(property, { numRuns: 6000 });
  });

  test('are not looked for in the next line', () => {
    const property = fc.property(jsonLine, fc.nat(80), (line, cut) => {
      const length = Math.min(cut, line.length);
      line.copy(bytes, 0);
      bytes[length] = 0x0a;
      line.copy(bytes, length + 1, length);
      assert.deepEqual(made(fast, 0, length), made(slow, 0, length));
    });
    fc.assert(property, { numRuns: 6000 });
  });

  test('are found in lines that go on to the end of a long window', () => {
    for (let length = 0; length < 40; length++) {
      for (const wrong of ['', '\\u00e', '\u0001', '\\"', '\\x']) {
        const line = Buffer.from(
          `{"x":[{"y":"${'z'.repeat(length)}${wrong}"}],"a":"${'w'.repeat(length)}","b":[1,{"c":"d"}]}`,
        );
        line.copy(bytes, 7);
        bytes[7 + line.length] = 0x0a;
        assert.deepEqual(made(fast, 7, line.length), made(slow, 7, line.length));
      }
    }
  });

  test('several stages have keys of their own', () => {
    const other = stageOf({ ...spec, expressions: [['v', 'c']] }, true);
    const line = Buffer.from('{"a":"x","c":"y"}\n');
    line.copy(bytes, 0);
    for (let turn = 0; turn < 2; turn++) {
      assert.deepEqual(made(fast, 0, line.length - 1), made(slow, 0, line.length - 1));
      assert.deepEqual(made(other, 0, line.length - 1), { kept: true, values: new Map([['v', 'y']]) });
    }
  });

  test('too many keys for the memory are found all the same', () => {
    const many: [string, string][] = Array.from({ length: 60 }, (_, i) => [`v${i}`, `key_${i}`]);
    const line = Buffer.from('{"key_7":"x","key_59":"y"}\n');
    line.copy(bytes, 0);
    const stages = [
      stageOf({ ...spec, expressions: many }, true),
      stageOf({ ...spec, expressions: many, regex: 'x' }, false),
    ];
    const [one, two] = stages.map((stage) => made(stage, 0, line.length - 1));
    assert.deepEqual(one, two);
  });
});
