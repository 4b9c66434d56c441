/** What telemetry may want to know. All are called in the course of sending, so they must be quick. */
export interface PushEvents {
  /** An answer has come. `status` is the HTTP status or the failure code, `ms` the time it took, `bytes` the push's size. */
  pushed(status: number | string, ms: number, bytes: number): void;
  /** A push is refused for now. `reason` is constant, `detail` a sentence; the wait is at least `waitMs`. */
  retried(reason: string, detail: string, waitMs: number): void;
  /** Lines are lost to Loki's judgement, or a push must be made anew. `detail` holds no log line. */
  refused(kind: 'storedInPart' | 'smaller' | 'withoutStream' | 'withoutMetadata' | 'refused', detail: string): void;
}

export interface SenderFigures {
  inFlight: number;
  waiting: number;
  /** Places whose replacement is yet to come. */
  held: number;
  /** Why the endpoint as a whole is being waited for; null when it is not. */
  trouble: string | null;
}
