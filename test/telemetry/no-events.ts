import type { CollectorEvents } from '../../src/telemetry/events.js';

const ignore = (): void => {};

/** Reports nothing. */
export const noEvents: CollectorEvents = {
  logFound: ignore,
  logForgotten: ignore,
  fileOpened: ignore,
  generationTruncated: ignore,
  pathUnmatched: ignore,
  scanFinished: ignore,
  jobFinished: ignore,
  jobRepeated: ignore,
  pushAnswered: ignore,
  pushRetried: ignore,
  pushRefused: ignore,
  entriesStored: ignore,
  entriesRefused: ignore,
  entriesMissed: ignore,
  entriesRecalled: ignore,
  stagesCounted: ignore,
  bytesLost: ignore,
  goneWhileDown: ignore,
  positionsStored: ignore,
  problemFound: ignore,
};
