import { errnoOf } from '../errors.js';
import type { OnProblem } from './problem.js';

/** What is said about one condition; the reason of the failure is added to the message. */
export interface Condition {
  code: string;
  message: string;
  advice: string;
  /** The message once it is over. */
  over: string;
}

export const NOT_WRITTEN: Condition = {
  code: 'JOURNAL_NOT_WRITTEN',
  message: 'positions cannot be stored',
  advice:
    'Free space in the state directory, or repair its volume. Shipping goes on and storing is tried again; what is shipped meanwhile is sent again if the process is killed.',
  over: 'positions are stored again',
};
export const NOT_COMPACTED: Condition = {
  code: 'JOURNAL_NOT_COMPACTED',
  message: 'positions are stored, but the journal cannot be rewritten and grows',
  advice: 'Free space in the state directory: a rewrite needs room for a second copy of all positions.',
  over: 'the journal has been rewritten',
};
/** Says each condition once when it begins, again when its reason changes, and once when it is over. */
export class Conditions {
  readonly #onProblem: OnProblem;
  readonly #reasons = new Map<string, string>();

  constructor(onProblem: OnProblem) {
    this.#onProblem = onProblem;
  }

  raise({ code, message, advice }: Condition, cause: unknown): void {
    const text = cause instanceof Error ? cause.message : String(cause);
    const reason = errnoOf(cause) ?? text;
    if (this.#reasons.get(code) === reason) return;
    this.#reasons.set(code, reason);
    this.#onProblem({ code, message: `${message}: ${text}`, advice, resolved: false });
  }

  clear({ code, over, advice }: Condition): void {
    if (this.#reasons.delete(code)) this.#onProblem({ code, message: over, advice, resolved: true });
  }
}
