import type { InspectedLog, InspectedPass } from '../../src/protocol.js';

/** Takes the lines of one log through one pipeline, and tells what becomes of them. */
export interface Inspector {
  readonly log: InspectedLog;
  /** The first bytes of the log, before any line is taken. */
  begin(bytes: Buffer): Promise<void>;
  /** Takes the line `bytes[from, to)`, which begins at `offset` in the log; newline not included. */
  line(bytes: Buffer, from: number, to: number, offset: number): InspectedPass[];
  /** The log has ended: what is held back comes out. */
  end(): InspectedPass[];
}
