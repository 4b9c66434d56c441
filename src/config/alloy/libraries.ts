/** What few files need, and takes long to load. */
interface Libraries {
  yaml: typeof import('yaml');
  jmespath: typeof import('@jmespath-community/jmespath');
}

const loaded: Partial<Libraries> = {};
const wanted = new Set<keyof Libraries>();

/** The library; null if it is not loaded, which `loadWanted` then does. */
export function library<N extends keyof Libraries>(name: N): Libraries[N] | null {
  const found: Libraries[N] | undefined = loaded[name];
  if (found === undefined) wanted.add(name);
  return found ?? null;
}

/** Loads what was asked for in vain; returns whether that was anything: then who has asked has to be run again. */
export async function loadWanted(): Promise<boolean> {
  const any = wanted.size > 0;
  if (wanted.delete('yaml')) loaded.yaml = await import('yaml');
  if (wanted.delete('jmespath')) loaded.jmespath = await import('@jmespath-community/jmespath');
  return any;
}
