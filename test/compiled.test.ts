import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { codeFileOf } from '../src/compiled.js';
import { VERSION } from '../src/version.js';

const DIST = join(import.meta.dirname, '../../dist');
const COMPILED = new URL('../src/compiled.js', import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), 'sleipnir-compiled-'));
after(() => rmSync(folder, { recursive: true }));

const { scripts } = JSON.parse(readFileSync(join(DIST, '../package.json'), 'utf8')) as { scripts: { start: string } };
const startFlags = scripts.start.split(' ').filter((word) => word.startsWith('--'));

const RUNNER = join(folder, 'runner.mjs');
writeFileSync(
  RUNNER,
  `import { runCompiled } from ${JSON.stringify(COMPILED)};
  const [path] = process.argv.splice(2, 1);
  const { script } = runCompiled(path);
  process.once('exit', () => console.log('refused', script.cachedDataRejected));`,
);

const WORKER_RUNNER = join(folder, 'worker-runner.mjs');
writeFileSync(
  WORKER_RUNNER,
  `import { createRequire } from 'node:module';
  import { isMainThread, parentPort, Worker } from 'node:worker_threads';
  import { runCompiled } from ${JSON.stringify(COMPILED)};
  import { keepWasmLight } from ${JSON.stringify(new URL('../src/push/light-wasm.js', import.meta.url).href)};
  const path = process.argv[2];
  if (isMainThread) {
    keepWasmLight();
    const workerData = { batchBytes: 1000, maxLineBytes: 1000 };
    new Worker(new URL(import.meta.url), { workerData, argv: [path] }).on('message', (message) => console.log(message));
  } else {
    const { script, exports } = runCompiled(path);
    const started = createRequire(path)('./collect.js');
    const missing = Object.keys(exports).filter((name) => typeof started[name] !== 'function');
    parentPort.postMessage('missing: ' + missing + ' refused ' + script.cachedDataRejected);
  }`,
);

/** Runs a file in a process of its own; what it printed, and whether V8 refused the bytecode that was kept. */
function run(path: string, flags: string[] = startFlags, runner = RUNNER): { out: string; refused: string } {
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, runner, path, 'version'], { encoding: 'utf8' });
  const [out = '', refused = ''] = stdout.split('refused ');
  return { out: (out + stderr).trim(), refused: refused.trim() };
}

/** A copy of the collector's main file, with other bytecode beside it. */
function copyWith(name: string, code: (kept: Buffer) => Buffer): string {
  const path = join(folder, name);
  copyFileSync(join(DIST, 'main.js'), path);
  writeFileSync(codeFileOf(path), code(readFileSync(codeFileOf(join(DIST, 'main.js')))));
  return path;
}

test('V8 takes the bytecode that the build has kept, under the flags of the start script', () => {
  const { out, refused } = run(join(DIST, 'main.js'));
  // Nor does V8 complain of a flag it does not know.
  assert.equal(out, `sleipnir ${VERSION}`);
  assert.equal(refused, 'false');
});

test('so with that of the workers, in a worker; and what starts them has all that they can do', () => {
  const { out, refused } = run(join(DIST, 'jobs.js'), startFlags, WORKER_RUNNER);
  assert.equal(out, 'missing:');
  assert.equal(refused, 'false');
});

test('under other flags the bytecode is refused, and the collector starts', () => {
  const { out, refused } = run(join(DIST, 'main.js'), ['--no-lazy']);
  assert.match(out, /^sleipnir \d/);
  assert.equal(refused, 'true');
});

const damaged: [string, (kept: Buffer) => Buffer][] = [
  ['empty', () => Buffer.alloc(0)],
  ['cut', (kept) => kept.subarray(0, kept.length / 2)],
  ['something else', () => Buffer.from('this is no bytecode')],
];
for (const [what, code] of damaged) {
  test(`bytecode that is ${what} is refused, and the collector starts`, () => {
    const { out, refused } = run(copyWith(`${what}.js`, code));
    assert.match(out, /^sleipnir \d/);
    assert.equal(refused, 'true');
  });
}

test('without bytecode the collector starts', () => {
  const path = join(folder, 'bare.js');
  copyFileSync(join(DIST, 'main.js'), path);
  const { out, refused } = run(path);
  assert.match(out, /^sleipnir \d/);
  assert.equal(refused, 'undefined');
});

test('a file has its own name, folder, exports and modules', () => {
  const path = join(folder, 'plain.js');
  writeFileSync(join(folder, 'other.js'), 'exports.it = 7;');
  writeFileSync(
    path,
    "console.log(__filename, __dirname, typeof exports, module.exports === exports, require('./other.js').it);",
  );
  assert.equal(run(path).out, `${path} ${folder} object true 7`);
});

test('what a file throws, and a file that is not there, are told', () => {
  const path = join(folder, 'throws.js');
  writeFileSync(path, "\nthrow new Error('told');");
  assert.match(run(path).out, /throws\.js:2[\s\S]*Error: told/);
  assert.match(run(join(folder, 'none.js')).out, /ENOENT/);
});
