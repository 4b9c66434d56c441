/** The workers' file: beside us in the bundle, and where the compiler puts it otherwise. */
export const WORKER_FILE = new URL(
  import.meta.url.endsWith('/src/plan/worker-file.js') ? '../../workers/collect.js' : './collect.js',
  import.meta.url,
);
