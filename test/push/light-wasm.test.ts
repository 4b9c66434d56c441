import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const MODULE = new URL('../../src/push/light-wasm.js', import.meta.url).href;
/** The shortest module: magic and version. */
const EMPTY = '0,97,115,109,1,0,0,0';

test('this Node knows the flag, and WebAssembly still runs', () => {
  const script = `
    const { keepWasmLight } = await import(${JSON.stringify(MODULE)});
    keepWasmLight();
    await WebAssembly.instantiate(Uint8Array.of(${EMPTY}));
    console.log('runs');`;
  const args = ['--input-type=module', '--eval', script];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
  assert.deepEqual({ stdout, stderr }, { stdout: 'runs\n', stderr: '' });
});
