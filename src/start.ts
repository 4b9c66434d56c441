#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { runCompiled } from './compiled.js';

// Bundled as dist/cli.js, beside the bundle of src/cli.ts.
runCompiled(fileURLToPath(new URL('main.js', import.meta.url)));
