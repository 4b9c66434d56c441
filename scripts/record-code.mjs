// Runs dist/main.js, and keeps what V8 has compiled of it by the end: for scripts/keep-code.mjs.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import v8 from 'node:v8';
import { codeFileOf, runCompiled } from '../build/src/compiled.js';

v8.setFlagsFromString = () => {};

const file = resolve('dist/main.js');
const { script } = runCompiled(file);
process.once('exit', () => writeFileSync(codeFileOf(file), script.createCachedData()));
