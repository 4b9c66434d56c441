import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compressSync } from 'snappy';
import { encodePush } from '../../../bench/receiver/push.js';
import { stream } from './client.js';

const main = fileURLToPath(new URL('../../../bench/receiver/main.js', import.meta.url));

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`the command says where it listens, takes pushes, and ends on ${signal}`, async (t) => {
    const child = spawn(process.execPath, [
      main,
      '--json',
      '--store',
      'count',
      '--max-line-bytes',
      '3',
      '--no-metadata',
    ]);
    t.after(() => child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    const [line] = await once(createInterface(child.stdout), 'line');
    const { url, pushUrl, pid } = JSON.parse(line) as { url: string; pushUrl: string; pid: number };
    assert.equal(pid, child.pid);
    const body = compressSync(Buffer.from(encodePush([stream('{pod="web"}', ['abc', 'four'])])));
    const answer = await fetch(pushUrl, { method: 'POST', body });
    assert.equal(answer.status, 400);
    const figures = (await (await fetch(`${url}/figures`)).json()) as { entries: number };
    assert.equal(figures.entries, 1);
    child.kill(signal);
    assert.deepEqual(await exited, [0, null]);
  });
}
