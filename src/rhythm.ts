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
  const tickTimer = setInterval(() => collector.tick(), batchWaitMs);
  // Hints may cease at any time, so each beat asks anew whether a scan is due.
  const beatMs = Math.min(scanIntervalMs, SCAN_ALONE_MS);
  let sinceScanMs = 0;
  let scanning = false;
  const scanTimer = setInterval(() => {
    sinceScanMs += beatMs;
    if (scanning || (collector.hinted && sinceScanMs < scanIntervalMs)) return;
    scanning = true;
    void collector.rescan().then(() => {
      scanning = false;
      sinceScanMs = 0;
    });
  }, beatMs);
  collector.tick();
  return () => {
    clearInterval(tickTimer);
    clearInterval(scanTimer);
  };
}
