import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Ledger } from '../../../bench/node/ledger.js';
import { parseCri, readChain, seqsOf, upTo } from './readback.js';

const MAIN = fileURLToPath(new URL('../../../bench/node/main.js', import.meta.url));
const base = mkdtempSync(join(tmpdir(), 'node-main-'));
after(() => rmSync(base, { recursive: true }));

function run(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  return { child, output, exit: once(child, 'exit') };
}

test('SIGTERM ends it with exit 0 and a ledger that matches the files', async () => {
  const root = join(base, 'pods');
  const ledgerPath = join(base, 'ledger.json');
  const flags = ['--pods', '3', '--rate', '4MiB', '--rotate-every', '50ms', '--keep', '1000', '--seed', '9'];
  const { child, output, exit } = run('--root', root, '--ledger', ledgerPath, ...flags);
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  const [code] = await exit;
  assert.equal(code, 0, output.stderr);
  assert.match(output.stdout, /seed 9\n.* lines .* rotations .* 3 pods\n$/s);
  const ledger: Ledger = JSON.parse(readFileSync(ledgerPath, 'utf8'));
  assert.ok(ledger.complete && ledger.seed === 9 && ledger.containers.length === 3);
  for (const { namespace, pod, uid, container, lines } of ledger.containers) {
    const chain = readChain(join(root, `${namespace}_${pod}_${uid}`, container));
    assert.deepEqual(seqsOf(parseCri(chain)), upTo(lines));
  }
});

test('mistakes are named and end it with exit 1', async () => {
  for (const [flags, message] of [
    [['--rate', 'fast'], /--rate.*is not a size/s],
    [['--rotate-every', '50'], /--rotate-every.*is not a duration/s],
    [['--line-bytes', '5', '--seconds', '0'], /no room for its running number/],
  ] as const) {
    const { output, exit } = run('--root', join(base, 'none'), ...flags);
    const [code] = await exit;
    assert.equal(code, 1);
    assert.match(output.stderr, message);
  }
});
