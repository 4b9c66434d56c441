/**
 * The base of every error Sleipnir raises on purpose. Matched by `code`, never by text: class identity does not
 * survive the way from a worker to the main thread, a code does.
 */
export class SleipnirError extends Error {
  /** Stable, upper-case, names the condition. */
  readonly code: string;
  /** A sentence for whoever operates it: what to do. */
  readonly advice: string;

  constructor(code: string, message: string, advice: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'SleipnirError';
    this.code = code;
    this.advice = advice;
  }
}

/** The errno code of a failed system call (`ENOENT`, ...), or undefined if `error` is not one. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}
