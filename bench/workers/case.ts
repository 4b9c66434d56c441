/** One thing to measure: a call of `fn` handles `count` units. */
export interface Case {
  name: string;
  unit: 'lines' | 'bytes' | 'ops';
  count: number;
  fn: () => void | Promise<void>;
}

/** How many newlines are in `bytes`. */
export function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
  return lines;
}
