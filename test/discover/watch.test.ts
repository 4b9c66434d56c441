import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import fs, { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FolderWatch, watchRoot } from '../../src/discover/watch.js';
import { makeFolder } from '../chain/kit.js';

const BOUND = { timeout: 10_000 };

class Hints {
  readonly root: string;
  readonly watch: FolderWatch;
  readonly failures: string[] = [];
  /** Of files that hints have told of. */
  readonly names: string[] = [];
  /** Folders that need no hint. */
  readonly known = new Set<string>();
  readonly #seen: string[] = [];
  readonly #events = new EventEmitter();

  constructor(t: TestContext, root: string, known: string[] = [], onShort?: () => boolean) {
    this.root = root;
    for (const folder of known) this.known.add(join(root, folder));
    this.watch = new FolderWatch({
      paths: [`${root}/*/*/*.log`],
      isKnown: (folder) => this.known.has(folder),
      onFolder: (folder, name) => {
        this.#seen.push(folder.slice(root.length + 1));
        if (name !== null) this.names.push(join(folder, name).slice(root.length + 1));
        this.#events.emit('hint');
      },
      onFailure: (code) => this.failures.push(code),
      ...(onShort !== undefined && { onShort }),
    });
    // A watch alone does not keep a process running.
    const alive = setInterval(() => {}, 60_000);
    t.after(() => {
      clearInterval(alive);
      this.watch.close();
    });
  }

  count(folder: string): number {
    return this.#seen.filter((seen) => seen === folder).length;
  }

  /** Resolves at the next hint at this folder, after `action`. */
  async at(folder: string, action: () => void): Promise<void> {
    const before = this.count(folder);
    action();
    while (this.count(folder) === before) await once(this.#events, 'hint');
  }

  make(folder: string): void {
    mkdirSync(join(this.root, folder));
  }

  write(file: string): void {
    writeFileSync(join(this.root, file), 'line\n');
  }
}

/** Replaces `fs.watch` for the rest of the test. */
function replaceWatch(t: TestContext, replacement: typeof fs.watch): void {
  const original = fs.watch;
  const set = (value: typeof fs.watch) => {
    fs.watch = value;
    syncBuiltinESMExports();
  };
  set(replacement);
  t.after(() => set(original));
}

function failWatching(t: TestContext, code: string): void {
  replaceWatch(t, () => {
    throw Object.assign(new Error('cannot watch'), { code });
  });
}

test('folders that are there are told of at once', BOUND, (t) => {
  const root = makeFolder(t);
  mkdirSync(join(root, 'web', 'app'), { recursive: true });
  mkdirSync(join(root, 'web', 'sidecar'));
  writeFileSync(join(root, 'web', 'app', '0.log'), 'line\n');
  const hints = new Hints(t, root);
  assert.deepEqual([hints.count('web/app'), hints.count('web/sidecar')], [1, 1]);
  assert.ok(hints.watch.working);
});

test('a new pod, a new container in it, its first file later', BOUND, async (t) => {
  const hints = new Hints(t, makeFolder(t));
  hints.make('web');
  await hints.at('web/app', () => hints.make('web/app'));
  await hints.at('web/app', () => hints.write('web/app/0.log'));
  await hints.at('web/sidecar', () => hints.make('web/sidecar'));
});

test('a folder that is known when watching begins needs no hint', BOUND, async (t) => {
  const root = makeFolder(t);
  mkdirSync(join(root, 'web', 'app'), { recursive: true });
  const hints = new Hints(t, root, ['web/app']);
  assert.equal(hints.count('web/app'), 0);
  await hints.at('web/sidecar', () => hints.make('web/sidecar'));
});

test('a first file that is gone when its hint comes is told by its name', BOUND, async (t) => {
  const root = makeFolder(t);
  mkdirSync(join(root, 'web', 'app'), { recursive: true });
  const hints = new Hints(t, root);
  await hints.at('web/app', () => {
    hints.write('web/app/0.log');
    rmSync(join(root, 'web/app/0.log'));
  });
  assert.ok(hints.names.includes('web/app/0.log'));
});

test('a first file that comes between the look and the watch', BOUND, (t) => {
  const root = makeFolder(t);
  mkdirSync(join(root, 'web', 'app'), { recursive: true });
  const { watch } = fs;
  const late = ((folder: string, ...rest: [fs.WatchOptions, fs.WatchListener<string>]) => {
    if (folder.endsWith('app')) writeFileSync(join(folder, '0.log'), 'line\n');
    return watch(folder, ...rest);
  }) as typeof watch;
  replaceWatch(t, late);
  assert.equal(new Hints(t, root).count('web/app'), 2);
});

test('a pod that comes with everything at once', BOUND, async (t) => {
  const hints = new Hints(t, makeFolder(t));
  await hints.at('web/app', () => {
    mkdirSync(join(hints.root, 'web', 'app'), { recursive: true });
    hints.write('web/app/0.log');
  });
});

test('writes to a log bring nothing, once its folder has a file', BOUND, async (t) => {
  const hints = new Hints(t, makeFolder(t));
  hints.make('web');
  await hints.at('web/app', () => hints.make('web/app'));
  await hints.at('web/app', () => hints.write('web/app/0.log'));
  // Hints that are under way have come when that at another pod has.
  await hints.at('next/app', () => mkdirSync(join(hints.root, 'next', 'app'), { recursive: true }));
  const before = hints.count('web/app');
  for (let line = 0; line < 500; line += 1) appendFileSync(join(hints.root, 'web/app/0.log'), 'line\n');
  await hints.at('last/app', () => mkdirSync(join(hints.root, 'last', 'app'), { recursive: true }));
  assert.equal(hints.count('web/app'), before);
});

test('a pod that is deleted and comes again under its name', BOUND, async (t) => {
  const hints = new Hints(t, makeFolder(t));
  const make = () => {
    mkdirSync(join(hints.root, 'web', 'app'), { recursive: true });
    hints.write('web/app/0.log');
  };
  await hints.at('web/app', make);
  rmSync(join(hints.root, 'web'), { recursive: true });
  await hints.at('next/app', () => mkdirSync(join(hints.root, 'next', 'app'), { recursive: true }));
  await hints.at('web/app', make);
});

test('a root that comes later works after the next scan', BOUND, async (t) => {
  const root = join(makeFolder(t), 'pods');
  const hints = new Hints(t, root);
  assert.equal(hints.watch.working, false);
  mkdirSync(root);
  hints.watch.refresh();
  assert.equal(hints.watch.working, true);
  assert.deepEqual(hints.failures, []);
  await hints.at('web/app', () => mkdirSync(join(root, 'web', 'app'), { recursive: true }));
});

for (const code of ['ENOSPC', 'EMFILE', 'ENOSYS']) {
  test(`${code}: said once, and not tried again`, BOUND, (t) => {
    const root = makeFolder(t);
    mkdirSync(join(root, 'web', 'app'), { recursive: true });
    failWatching(t, code);
    const hints = new Hints(t, root);
    hints.watch.refresh();
    assert.deepEqual(hints.failures, [code]);
    assert.equal(hints.watch.working, false);
  });
}

test('the last watch fails: those before are given up, so that scans become frequent', BOUND, async (t) => {
  const hints = new Hints(t, makeFolder(t));
  await hints.at('web/app', () => mkdirSync(join(hints.root, 'web', 'app'), { recursive: true }));
  failWatching(t, 'ENOSPC');
  mkdirSync(join(hints.root, 'next'));
  while (hints.failures.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(hints.watch.working, false);
});

test('nothing comes after it was closed', BOUND, async (t) => {
  const hints = new Hints(t, makeFolder(t));
  const others = new Hints(t, hints.root);
  hints.watch.close();
  await others.at('web/app', () => mkdirSync(join(hints.root, 'web', 'app'), { recursive: true }));
  assert.equal(hints.count('web/app'), 0);
});

test('where a glob begins to be watched', () => {
  for (const [glob, base, depth] of [
    ['/var/log/pods/*/*/*.log', '/var/log/pods', 2],
    ['/var/log/pods/kube-*/app/0.log', '/var/log/pods', 2],
    ['/logs/*.log', '/logs', 0],
    ['/logs/app.log', '/logs', 0],
    ['/logs/**/*.log', '/logs', 1],
    ['/*/app.log', '/', 1],
    ['/app.log', '/', 0],
  ] as const) {
    assert.deepEqual(watchRoot(glob), { base, depth }, glob);
  }
});

test('where watches run out, those for comfort are given back first', BOUND, async (t) => {
  const root = makeFolder(t);
  let room = 0;
  const { watch } = fs;
  const limited = ((folder: string, ...rest: [fs.WatchOptions, fs.WatchListener<string>]) => {
    if (room === 0) throw Object.assign(new Error('no more watches'), { code: 'ENOSPC' });
    room -= 1;
    return watch(folder, ...rest);
  }) as typeof watch;
  replaceWatch(t, limited);
  let comfort = 2;
  const giveBack = (): boolean => {
    room += comfort;
    const had = comfort > 0;
    comfort = 0;
    return had;
  };
  const hints = new Hints(t, root, [], giveBack);
  await hints.at('web/app', () => mkdirSync(join(root, 'web', 'app'), { recursive: true }));
  assert.deepEqual(hints.failures, ['ENOSPC']);
  assert.equal(room, 0);
});
