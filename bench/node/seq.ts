/**
 * Finds the running number in every line of the simulator, whatever its shape; the number is group 1. It is the only
 * text of this form in a line. It counts 1, 2, 3, ... for each container, over rotations and restarts. Every full
 * line has one (each line of a stack trace too); a line in P parts has it in its first part.
 */
export const SEQ_REGEX = /\bseq(?:=|": *)(\d+)/;

/** The running number of a line's content, or -1 if there is none. */
export function seqOf(content: string): number {
  const found = SEQ_REGEX.exec(content);
  return found === null ? -1 : Number(found[1]);
}
