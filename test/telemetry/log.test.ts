import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { describe, it } from 'node:test';
import { SleipnirError } from '../../src/errors.js';
import { createLog } from '../../src/telemetry/log.js';
import { keptLog } from './sink.js';

const LOG_MODULE = new URL('../../src/telemetry/log.js', import.meta.url).href;

/** A process that logs 2000 lines of 1 KiB to the standard output it is given, and exits with 7 when it got through. */
const LOGGING_CHILD = `
  const { createLog } = await import(${JSON.stringify(LOG_MODULE)});
  const log = await createLog({ logLevel: 'info', logFormat: 'json' });
  for (let i = 0; i < 2000; i++) {
    log.info({ pad: 'x'.repeat(1024) }, 'line');
    if (i % 100 === 0) await new Promise(setImmediate);
  }
  process.exit(process.memoryUsage.rss() < 256 * 2 ** 20 ? 7 : 8);
`;

describe('log', () => {
  it('writes JSON with ISO time, the level as a word, and fields beside the message', async () => {
    const { log, lines } = await keptLog();
    log.warn({ path: '/a' }, 'something');
    const [line] = lines;
    assert.match(String(line?.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual({ ...line, time: '' }, { level: 'warn', time: '', path: '/a', msg: 'something' });
  });

  it('leaves out what is below the level', async () => {
    const { log, lines } = await keptLog('info');
    log.debug('no');
    log.info('yes');
    assert.deepEqual(
      lines.map((line) => line.msg),
      ['yes'],
    );
  });

  it('shows code, advice and causes of an error, and no stack of one that was foreseen', async () => {
    const { log, lines } = await keptLog();
    const cause = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    log.error({ err: new SleipnirError('A_CODE', 'what', 'do this', { cause }) }, 'failed');
    assert.deepEqual(lines[0]?.err, {
      type: 'SleipnirError',
      code: 'A_CODE',
      message: 'what',
      advice: 'do this',
      cause: { type: 'Error', code: 'ENOENT', message: 'no such file' },
    });
    log.error({ err: new TypeError('bug') }, 'failed');
    assert.match(JSON.stringify(lines[1]?.err), /"type":"TypeError".*"message":"bug".*"stack":" +at /);
  });

  it('cuts long messages and ends with a ring of causes', async () => {
    const { log, lines } = await keptLog();
    const ring = new Error('m'.repeat(10_000));
    ring.cause = ring;
    log.error({ err: ring }, 'failed');
    assert.ok(JSON.stringify(lines[0]).length < 10_000);
  });

  it('is for people when pretty: one line, level word, message and fields', async () => {
    let text = '';
    const log = await createLog(
      { logLevel: 'info', logFormat: 'pretty' },
      {
        write: (chunk) => {
          text += chunk;
        },
      },
    );
    log.info({ port: 1 }, 'hello');
    assert.match(text, /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: hello \{"port":1\}\n$/);
  });

  it('takes another format while it runs', async () => {
    const texts: string[] = [];
    const log = await createLog(
      { logLevel: 'info', logFormat: 'pretty' },
      { write: (chunk) => void texts.push(chunk) },
    );
    await log.setFormat('json');
    log.info({ port: 1 }, 'hello');
    await log.setFormat('pretty');
    log.info('again');
    assert.deepEqual(JSON.parse(texts[0] ?? '').port, 1);
    assert.match(texts[1] ?? '', /INFO: again\n$/);
  });

  it('does not end the process, nor grow, when standard output is full', { skip: process.platform !== 'linux' }, () => {
    const full = openSync('/dev/full', 'w');
    try {
      const child = spawnSync(process.execPath, ['--input-type=module', '-e', LOGGING_CHILD], {
        stdio: ['ignore', full, 'pipe'],
        timeout: 30_000,
      });
      assert.equal(child.status, 7, child.stderr.toString());
    } finally {
      closeSync(full);
    }
  });
});
