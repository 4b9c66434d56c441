/** What a matcher may keep; whatever these are, its matches are the same. */
export interface Limits {
  /** Most a pattern keeps for its states, in 32-bit words. */
  words: number;
  /** So many states have room nevertheless, 3 at least. */
  states: number;
  /** Most places whose state is remembered at once. A longer text is gone through twice, in blocks. */
  places: number;
  /** A choice between alternatives that looks at more nodes than this is remembered. */
  choiceSteps: number;
  /** Most that is remembered of choices, in 32-bit words. */
  choiceWords: number;
}

export const LIMITS: Limits = { words: 1 << 18, states: 32, places: 1 << 16, choiceSteps: 16, choiceWords: 1 << 16 };
