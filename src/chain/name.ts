/** How the file name of a generation is read: which container log it belongs to, and its place in the chain. */
export interface GenerationName {
  /** Path of the container log's current generation, rotated or not: the key of the chain. */
  log: string;
  /** What rotation has appended, without `.gz`; empty for the current generation. */
  suffix: string;
  gzip: boolean;
}

/**
 * `<log>.YYYYMMDD-HHMMSS` is the kubelet's rotation (kubernetes/kubernetes pkg/kubelet/logs/container_log_manager.go,
 * timestampFormat), `<log>.<number>` that of logrotate and Docker. Both may end in `.gz`.
 */
const ROTATED = /^(.+)\.(\d{8}-\d{6}|\d{1,4})(\.gz)?$/;

/**
 * Reads a path as the name of a generation. Never null: a path that is no rotated name is a current generation.
 * Unfinished files (`.tmp`) must be left out by the caller.
 */
export function readGenerationName(path: string): GenerationName {
  const match = ROTATED.exec(path);
  if (match === null) return { log: path, suffix: '', gzip: false };
  return { log: match[1] as string, suffix: match[2] as string, gzip: match[3] !== undefined };
}

/** Whether a suffix is a time, which is never used again, and not a number (or none), which becomes that of other files. */
export function isTime(suffix: string): boolean {
  return suffix.includes('-');
}

/**
 * Orders suffixes of one chain from the oldest generation to the newest: stamps grow with time, numbers grow with age,
 * and the current generation is the newest.
 */
export function compareSuffixes(a: string, b: string): number {
  return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
}

function rank(suffix: string): number {
  if (suffix === '') return Number.MAX_SAFE_INTEGER;
  if (isTime(suffix)) return Number(suffix.replace('-', ''));
  return -Number(suffix);
}
