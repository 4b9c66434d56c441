import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

const CLI = join(import.meta.dirname, '../../src/cli.js');

export interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end; `env` are variables without their prefix. */
export function sleipnir(
  args: string[],
  input: string | Buffer = '',
  env: Record<string, string> = {},
  cli = CLI,
): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    encoding: 'utf8',
    input,
    env: {
      PATH: process.env.PATH,
      ...Object.fromEntries(Object.entries(env).map(([name, value]) => [`SLEIPNIR_${name}`, value])),
    },
    timeout: 60_000,
    maxBuffer: 256 * 2 ** 20,
  });
  return { status, stdout, stderr };
}

/** A folder with these files, which goes with the test. */
export function folderWith(t: TestContext, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sleipnir-commands-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** What most people run Alloy with for the logs of pods. */
export const POD_LOGS = readFileSync('test/config/alloy/fixtures/pod-logs.alloy', 'utf8');
