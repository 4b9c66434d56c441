/** What is to be driven. */
export interface Driven {
  tick(): void;
  rescan(): Promise<void>;
  /** Whether new folders are hinted at, so that scans may be rare. */
  readonly hinted: boolean;
}

/** The scan alone must find new pods within a second. */
const SCAN_ALONE_MS = 1_000;

/**
 * Beats for a collector: a tick every batch wait, and a scan every so often, more often where no hints come. There are
 * no other timers for files, however many there are.
 *
 * @returns ends both; a scan under way goes on
 */
export function startRhythm(
  collector: Driven,
  { batchWaitMs, scanIntervalMs }: { batchWaitMs: number; scanIntervalMs: number },
): () => void {
  let stopped = false;
  let scanTimer: NodeJS.Timeout | null = null;
  const tickTimer = setInterval(() => collector.tick(), batchWaitMs);
  const scheduleScan = (): void => {
    const waitMs = collector.hinted ? scanIntervalMs : Math.min(scanIntervalMs, SCAN_ALONE_MS);
    scanTimer = setTimeout(() => {
      void collector.rescan().then(() => {
        if (!stopped) scheduleScan();
      });
    }, waitMs);
  };
  collector.tick();
  scheduleScan();
  return () => {
    stopped = true;
    clearInterval(tickTimer);
    if (scanTimer !== null) clearTimeout(scanTimer);
  };
}
