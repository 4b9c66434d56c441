// Keeps what V8 compiles of the collector beside it (src/compiled.ts): it ships a line with the flags of the start
// script, because V8 takes bytecode only under the flags it was made with. Without it everything works, and starts slower.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MOST_MS = 30_000;

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
const flags = scripts.start.split(' ').filter((word) => word.startsWith('--'));
// Settings of whoever builds are for another collector.
const others = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SLEIPNIR_')));
const folder = mkdtempSync(join(tmpdir(), 'sleipnir-build-'));
const logs = join(folder, 'pods/default_web_0/app');
mkdirSync(logs, { recursive: true });
writeFileSync(join(logs, '0.log'), '2026-01-01T00:00:00.000000000Z stdout F a line\n');

const configOf = (url) => `
  local.file_match "logs" {
    path_targets = [{ __path__ = ${JSON.stringify(join(folder, 'pods/*/*/*.log'))} }]
  }
  loki.source.file "logs" {
    targets    = local.file_match.logs.targets
    forward_to = [loki.process.labels.receiver]
  }
  loki.process "labels" {
    stage.regex {
      expression = "/(?P<namespace>[^_]+)_(?P<pod_name>[^_]+)_[^/]+/(?P<container>[^/]+)/.*\\\\.log$"
      source     = "filename"
    }
    stage.labels {
      values = { namespace = "", pod = "pod_name", container = "" }
    }
    forward_to = [loki.write.loki.receiver]
  }
  loki.write "loki" {
    endpoint {
      url = "${url}"
    }
  }
`;

const server = createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(204).end(() => server.emit('pushed')));
});

/** Runs the collector until it has pushed a line, and ends it; `how`: arguments before its own. */
async function shipLine(number, how, config) {
  const collector = spawn(process.execPath, [...flags, ...how, 'run', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...others,
      SLEIPNIR_STATE_DIR: join(folder, `state-${number}`),
      SLEIPNIR_HTTP_ADDR: '127.0.0.1:0',
    },
  });
  const ended = once(collector, 'exit');
  const limit = setTimeout(() => collector.kill('SIGKILL'), MOST_MS);
  await Promise.race([once(server, 'pushed'), ended]);
  collector.kill('SIGTERM');
  const [code] = await ended;
  clearTimeout(limit);
  if (code !== 0) console.warn(`no bytecode was kept: the collector ended with ${code}`);
}

try {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const config = join(folder, 'config.alloy');
  writeFileSync(config, configOf(`http://127.0.0.1:${server.address().port}/loki/api/v1/push`));
  // Not both at once: the main thread is compiled under other flags than the workers.
  await shipLine(1, ['scripts/record-code.mjs'], config);
  await shipLine(2, ['--require', './scripts/record-worker.cjs', 'dist/cli.js'], config);
} finally {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
}
