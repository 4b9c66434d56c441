// Bundles the collector into dist/: a file for the main thread, one for the workers, what starts each, and piscina's own.
// Loading many small modules is most of what starting costs, and as CommonJS each costs less: Node loads ESM by an
// asynchronous loader that a worker does without, and reads every export of a built-in module that is imported.
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

/** Native, or needed by few: loaded from node_modules when they are asked for. */
const others = [
  '@jmespath-community/jmespath',
  '@napi-rs/nice',
  'lz4-napi',
  'mmdb-lib',
  'pino-pretty',
  'prom-client',
  're2js',
  'snappy',
  'undici',
  'yaml',
];
const later = {
  name: 'later',
  setup(build) {
    // By whole names: of undici, the pool is bundled.
    build.onResolve({ filter: /^[^./]/ }, ({ path }) => (others.includes(path) ? { path, external: true } : undefined));
  },
};

/** HTTP/2, which undici loads at once, speaks only if told to, and does without where Node has none. */
const unused = {
  name: 'unused',
  setup(build) {
    build.onResolve({ filter: /^node:http2$/ }, ({ importer, path }) =>
      /node_modules\/undici\//.test(importer) ? { path, namespace: 'unused' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'exports.constants = {};' }));
  },
};

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: {
    cli: 'src/start.ts',
    main: 'src/cli.ts',
    collect: 'src/start-worker.ts',
    jobs: 'workers/collect.ts',
    worker: 'node_modules/piscina/dist/worker.js',
  },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // src/compiled.ts takes none: what is needed by few is required when it is asked for.
  supported: { 'dynamic-import': false },
  plugins: [later, unused],
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
  define: { 'import.meta.url': '__url' },
  banner: { js: "const __url = require('node:url').pathToFileURL(__filename).href;" },
});
// esbuild leaves regular expressions as they are. Pure ASCII is read as one byte for each character, without a look at it.
const escaped = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
for (const file of ['dist/main.js', 'dist/jobs.js']) {
  writeFileSync(file, readFileSync(file, 'utf8').replace(/[^\0-\x7f]/g, escaped));
}
writeFileSync('dist/package.json', '{ "type": "commonjs" }\n');
copyFileSync('build/workers/wasm/loops.wasm', 'dist/loops.wasm');
