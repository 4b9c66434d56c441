import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
export const POD_LOGS = `local.file_match "pod_logs" {
  path_targets = [{
    __path__ = "/var/log/pods/*/*/*.log",
  }]
}
loki.source.file "pod_logs" {
  targets    = local.file_match.pod_logs.targets
  forward_to = [loki.process.add_labels.receiver]
}
loki.process "add_labels" {
  stage.regex {
    expression = "^/var/log/pods/(?P<namespace>[^_]+)_(?P<pod_name>[^_]+)_[^/]+/(?P<container>[^/]+)/.*\\\\.log$"
    source     = "filename"
  }
  stage.labels {
    values = {
      namespace = "",
      pod       = "pod_name",
      container = "",
    }
  }
  forward_to = [loki.write.loki.receiver]
}
loki.write "loki" {
  endpoint {
    url = "http://loki.monitoring:3100/loki/api/v1/push"
  }
}
`;
