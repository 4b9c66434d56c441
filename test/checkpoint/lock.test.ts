import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lockStateDir } from '../../src/checkpoint/lock.js';

const HOLDER = fileURLToPath(new URL('lock-holder.js', import.meta.url));
const root = await mkdtemp(join(tmpdir(), 'sleipnir-lock-'));
const running = new Set<ChildProcess>();
after(async () => {
  for (const child of running) child.kill('SIGKILL');
  await rm(root, { recursive: true, force: true });
});

let folders = 0;
const newFolder = async (): Promise<string> => {
  const path = join(root, String(folders++));
  await mkdir(path);
  return path;
};
const lock = (stateDir: string) =>
  lockStateDir(stateDir, { onProblem: (problem) => assert.fail(`reported ${problem.message}`) });

interface Holder {
  pid: number;
  outcome: string;
  message?: string;
  end(signal?: 'SIGKILL'): Promise<void>;
}

async function start(stateDir: string): Promise<Holder> {
  const child = spawn(process.execPath, [HOLDER, stateDir], { stdio: ['pipe', 'pipe', 'inherit'] });
  running.add(child);
  const exited = once(child, 'exit').then(() => running.delete(child));
  const crashed = exited.then(() => assert.fail('the process ended without a word'));
  const [line] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), crashed]);
  return {
    pid: child.pid ?? 0,
    ...(JSON.parse(String(line)) as { outcome: string; message?: string }),
    async end(signal) {
      if (signal === undefined) child.stdin.end();
      else child.kill(signal);
      await exited;
    },
  };
}

test('a second process is refused, and told who holds the lock', async () => {
  const stateDir = await newFolder();
  const first = await start(stateDir);
  assert.equal(first.outcome, 'held');
  const second = await start(stateDir);
  assert.equal(second.outcome, 'STATE_DIR_LOCKED');
  assert.match(second.message ?? '', new RegExp(`process ${first.pid} on .*, running since 20`));
  await second.end();
  await first.end();
  assert.deepEqual(await readdir(stateDir), [], 'a released lock leaves nothing behind');
});

test('the lock of a killed process is taken over', async () => {
  const stateDir = await newFolder();
  const first = await start(stateDir);
  await first.end('SIGKILL');
  const [stale] = await readdir(stateDir);
  assert.match(stale ?? '', /^lock\./);
  const second = await start(stateDir);
  assert.equal(second.outcome, 'held');
  assert.equal((await readdir(stateDir)).includes(stale ?? ''), false, 'the dead lock is removed');
  await second.end();
});

test('of several that start at once on a dead lock exactly one gets it', async () => {
  for (let round = 0; round < 3; round++) {
    const stateDir = await newFolder();
    await (await start(stateDir)).end('SIGKILL');
    const all = await Promise.all(Array.from({ length: 4 }, () => start(stateDir)));
    assert.deepEqual(all.map(({ outcome }) => outcome).sort(), [
      'STATE_DIR_LOCKED',
      'STATE_DIR_LOCKED',
      'STATE_DIR_LOCKED',
      'held',
    ]);
    await Promise.all(all.map((one) => one.end()));
  }
});

test('of several that start at once in one process exactly one gets it', async () => {
  for (let round = 0; round < 30; round++) {
    const stateDir = await newFolder();
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => lock(stateDir)));
    const held = all.filter((one) => one.status === 'fulfilled');
    assert.equal(held.length, 1);
    for (const one of all) if (one.status === 'rejected') assert.equal(one.reason.code, 'STATE_DIR_LOCKED');
    await held[0]?.value.release();
  }
});

test('a path longer than a socket address can be locked', async () => {
  const stateDir = join(await newFolder(), 'a'.repeat(120), 'b'.repeat(120));
  const held = await lock(stateDir);
  assert.equal((await readdir(stateDir)).length, 1);
  await assert.rejects(lock(stateDir), { code: 'STATE_DIR_LOCKED' });
  await held.release();
  await (await lock(stateDir)).release();
});

test('a lock whose owner hangs up without a word is respected', async () => {
  const stateDir = await newFolder();
  const server = createServer((socket) => socket.destroy());
  server.listen(join(stateDir, 'lock.0000000000000000'));
  await once(server, 'listening');
  await assert.rejects(lock(stateDir), { code: 'STATE_DIR_LOCKED' });
  assert.deepEqual(await readdir(stateDir), ['lock.0000000000000000']);
  server.close();
  await once(server, 'close');
});

test('one that is still looking is waited for by the lower name, and wins over the higher', async () => {
  const claim = (held: boolean) => `${JSON.stringify({ held, pid: 7, host: 'a', startedAt: 'now' })}\n`;
  const rival = async (stateDir: string, digit: string, held: boolean) => {
    const server = createServer((socket) => {
      socket.on('error', () => {}).write(claim(false));
      setImmediate(() => socket.end(held ? claim(true) : ''));
    });
    server.listen(join(stateDir, `lock.${digit.repeat(16)}`));
    await once(server, 'listening');
    return server;
  };
  const stateDir = await newFolder();
  const lower = await rival(stateDir, '0', false);
  await assert.rejects(lock(stateDir), { code: 'STATE_DIR_LOCKED' });
  lower.close();
  await once(lower, 'close');
  const higherTakesIt = await rival(stateDir, 'f', true);
  await assert.rejects(lock(stateDir), { code: 'STATE_DIR_LOCKED', message: /process 7 on a/ });
  higherTakesIt.close();
  await once(higherTakesIt, 'close');
  const higherGivesWay = await rival(stateDir, 'f', false);
  await (await lock(stateDir)).release();
  higherGivesWay.close();
  await once(higherGivesWay, 'close');
});

test('where no socket can be made this is reported', async () => {
  // On other systems the path itself is the address, and this one is too long.
  const platform = Object.getOwnPropertyDescriptor(process, 'platform') ?? {};
  const stateDir = join(await newFolder(), 'a'.repeat(120));
  const codes: string[] = [];
  Object.defineProperty(process, 'platform', { ...platform, value: 'darwin' });
  try {
    const free = await lockStateDir(stateDir, { onProblem: ({ code }) => codes.push(code) });
    await free.release();
  } finally {
    Object.defineProperty(process, 'platform', platform);
  }
  assert.deepEqual(codes, ['STATE_DIR_NOT_LOCKED']);
  assert.deepEqual(await readdir(stateDir), []);
});

test('a state directory that cannot be made is an error with advice', async () => {
  const file = join(await newFolder(), 'file');
  await writeFile(file, '');
  await assert.rejects(lock(join(file, 'state')), { code: 'STATE_DIR_UNUSABLE', advice: /SLEIPNIR_STATE_DIR/ });
});
