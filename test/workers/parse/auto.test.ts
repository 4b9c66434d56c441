import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Format, Slice } from '../../../src/protocol.js';
import { runInTurn, sliceOf, smallWorker, spec, TestFile } from '../harness.js';

const worker = smallWorker(64);
const file = new TestFile();
after(() => file.close());

async function detect(text: string, rest: Partial<Slice> = {}): Promise<[Format | null, number]> {
  file.set(text);
  const { results } = await runInTurn(worker, spec('metadata', 64), 1, () =>
    sliceOf(file.fd, 0, text.length, { format: 'auto', ...rest }),
  );
  return [results[0]!.format, results[0]!.lines];
}

const CRI = '2026-08-01T00:00:00Z stdout F a\n';
const DOCKER = '{"log":"a\\n","stream":"stdout","time":"2026-08-01T00:00:00Z"}\n';

describe('auto', () => {
  test('the first line that is CRI or Docker decides', async () => {
    assert.deepEqual(await detect(CRI + DOCKER), ['cri', 2]);
    assert.deepEqual(await detect(DOCKER + CRI), ['docker', 2]);
    assert.deepEqual(await detect(`odd\n\n${CRI}`), ['cri', 3]);
    assert.deepEqual(await detect('odd\n'.repeat(9) + DOCKER), ['docker', 10]);
  });

  test('ten other lines, or all there are, make it raw', async () => {
    assert.deepEqual(await detect('odd\n'.repeat(10) + CRI), ['raw', 11]);
    assert.deepEqual(await detect('odd\n'), ['raw', 1]);
    assert.deepEqual(await detect('x'.repeat(50).concat('\n').repeat(9) + CRI), ['cri', 10]);
  });

  test('without a complete line nothing is decided, unless there will be no more', async () => {
    assert.deepEqual(await detect(''), [null, 0]);
    assert.deepEqual(await detect(CRI.trimEnd()), [null, 0]);
    assert.deepEqual(await detect(CRI.trimEnd(), { final: true }), ['cri', 1]);
    assert.deepEqual(await detect('odd', { final: true }), ['raw', 1]);
  });

  test('a line too long to be held is judged by its head', async () => {
    assert.deepEqual(await detect(CRI.trimEnd() + 'a'.repeat(500)), ['cri', 1]);
    assert.deepEqual(await detect('a'.repeat(500)), ['raw', 1]);
  });
});
