// Preloaded by scripts/keep-code.mjs: a worker keeps what V8 has compiled of its file whenever it waits for a job, because
// it is ended without a word.
const { renameSync, writeFileSync } = require('node:fs');
const vm = require('node:vm');
const { isMainThread } = require('node:worker_threads');

if (!isMainThread) {
  let keep = () => {};
  const { Script } = vm;
  vm.Script = class extends Script {
    constructor(source, options) {
      super(source, options);
      keep = () => {
        // It may be ended while it writes.
        const file = `${options.filename}.code`;
        writeFileSync(`${file}.new`, this.createCachedData());
        renameSync(`${file}.new`, file);
      };
    }
  };
  const { wait } = Atomics;
  Atomics.wait = (...args) => {
    keep();
    return wait(...args);
  };
}
