/** Where a collector finds what it is to collect, and where it is to put it. */
export interface Place {
  /** Globs of the current logs, `<root>/<pod folder>/<container>/<n>.log`. */
  paths: string[];
  /** The pods folders the globs begin with. */
  roots: string[];
  /** Of the receiver, without a path. */
  url: string;
  pushUrl: string;
  /** An empty folder for positions; nobody else uses the one above it. */
  stateDir: string;
}

/** What may stand in a command line, in braces. */
export const PLACEHOLDERS: Record<string, (place: Place) => string> = {
  paths: ({ paths }) => paths.join(','),
  root: ({ roots }) => roots[0] ?? '',
  url: ({ url }) => url,
  push_url: ({ pushUrl }) => pushUrl,
  host: ({ url }) => new URL(url).hostname,
  port: ({ url }) => new URL(url).port,
  state: ({ stateDir }) => stateDir,
};

/** The same as environment variables, `BENCH_<NAME>`. */
export function benchVariables(place: Place): Record<string, string> {
  return Object.fromEntries(Object.entries(PLACEHOLDERS).map(([key, of]) => [`BENCH_${key.toUpperCase()}`, of(place)]));
}
