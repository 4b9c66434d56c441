/**
 * Arguments and blocks that are read and checked, and that nothing carries out yet: using them is refused, so that nobody
 * believes in what does not happen. By path in the tables; the text says why. Whoever wires one takes its line out.
 */
export const unwired: Readonly<Record<string, string>> = {};
