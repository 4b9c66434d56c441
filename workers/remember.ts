/** More than a node has container logs. */
const MAX_PATHS = 4096;

/** Keeps what was made of a path, and returns it. Of too many the oldest is forgotten, and made anew when it comes. */
export function remember<Value>(known: Map<string, Value>, path: string, value: Value): Value {
  if (known.size >= MAX_PATHS) known.delete(known.keys().next().value!);
  known.set(path, value);
  return value;
}
