// Runs every compiled test, or those whose path holds one of the words given: `npm test -- journal cri`.
import { spawnSync } from 'node:child_process';
import fastGlob from 'fast-glob';

const words = process.argv.slice(2);
const files = (await fastGlob('build/test/**/*.test.js'))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();
if (files.length === 0) {
  console.error('no test has such a path');
  process.exit(1);
}
const { status } = spawnSync(process.execPath, ['--test', '--test-reporter=spec', ...files], { stdio: 'inherit' });
process.exit(status ?? 1);
