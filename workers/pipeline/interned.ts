function internedText(text: string): string {
  // Keys of objects are interned.
  return Object.keys({ [text]: 0 })[0]!;
}

/** The same plain data, with all texts interned: names are then compared by their addresses. */
export function interned<T>(data: T): T {
  if (typeof data === 'string') return internedText(data) as T;
  if (Array.isArray(data)) return data.map((one: unknown) => interned(one)) as T;
  if (typeof data !== 'object' || data === null || Object.getPrototypeOf(data) !== Object.prototype) return data;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, interned<unknown>(value)])) as T;
}
