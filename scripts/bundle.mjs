// Bundles the collector into dist/: one file for the main thread, one for the workers. Only the two native codecs stay
// outside. Loading many small modules is most of what starting costs.
import { copyFileSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: {
    cli: 'src/cli.ts',
    main: 'src/main.ts',
    collect: 'workers/collect.ts',
    worker: 'node_modules/piscina/dist/worker.js',
  },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  chunkNames: 'chunk-[hash]',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  external: ['snappy', 'lz4-napi', '@napi-rs/nice'],
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
  // What is left of CommonJS in the libraries expects these.
  banner: {
    js: [
      "import { createRequire as __createRequire } from 'node:module';",
      'const require = __createRequire(import.meta.url);',
      'const __filename = import.meta.filename;',
      'const __dirname = import.meta.dirname;',
    ].join('\n'),
  },
});
copyFileSync('build/workers/wasm/loops.wasm', 'dist/loops.wasm');
