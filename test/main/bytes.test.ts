import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { criLine, makeStage } from './kit.js';

test('bytes that are not UTF-8 and an empty line arrive as they were, a CRLF as a line end', {
  timeout: 30_000,
}, async (t) => {
  const contents = [Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28]), Buffer.from(''), Buffer.from('häßlich \u{1f40e}')];
  const stage = await makeStage(t);
  const path = stage.log('web');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.concat([...contents.map(criLine), criLine('crlf\r')]));
  const collector = stage.start();
  await stage.stored(4);
  assert.equal(await collector.end('SIGTERM'), 0);
  const [stream] = stage.loki.store.streams();
  assert.deepEqual(stream?.labels, [
    ['container', 'app'],
    ['namespace', 'default'],
    ['pod', 'web'],
  ]);
  assert.deepEqual(
    stream.kept.map(({ line }) => line),
    [...contents, Buffer.from('crlf')],
  );
  assert.deepEqual(stream.kept[0]?.metadata, [['stream', 'stdout']]);
});
