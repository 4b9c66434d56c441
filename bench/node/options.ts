import type { Written } from './container.js';

/** All optional but `root`; sizes in bytes. */
export interface NodeOptions {
  /** The pods folder, for `<namespace>_<pod>_<uid>/<container>/0.log`; made if missing. */
  root: string;
  /** Pods that live as long as the node. Default 20. */
  pods?: number;
  /** File bytes per second over all of them; 0: as fast as possible. Default 1 MiB. */
  rateBytes?: number;
  /** All pods write the same, rather than some much and many little. */
  even?: boolean;
  /** Each pod falls silent after so many file bytes; 0: never. */
  podBytes?: number;
  /** Names, uneven rates and line bodies follow from it. Default 1. */
  seed?: number;
  /** Bytes of content of every line, without its CRI head; 0: natural lengths. */
  lineBytes?: number;
  /** One line in so many is long enough to be split into P parts; 0: none. Default 5000. */
  longLineEvery?: number;
  /** The zone of the timestamps, minutes east of UTC; 0 is written as `Z`. */
  offsetMinutes?: number;
  /** Rotate a log that has grown to this size; 0: never. Default 10 MiB, as the kubelet. */
  rotateBytes?: number;
  /** Rotate every log that is not empty each so many milliseconds; 0: never. */
  rotateEveryMs?: number;
  /** Files a container may have, the live one included. Default 5, as the kubelet. */
  keepFiles?: number;
  /** Share of rotations, in [0, 1], that are undone. */
  undoShare?: number;
  /** Rotate as logrotate's copytruncate does: copy the live log, then empty it in place. */
  copyTruncate?: boolean;
  /** How long the runtime writes to a file that is renamed already. Default 2. */
  reopenDelayMs?: number;
  /** Containers that restart in a second, over all pods. */
  restartsPerSecond?: number;
  /** Short-lived pods that start in a second; they write `jobLines` lines each, whatever `rateBytes` says. */
  churnPerSecond?: number;
  /** Life of a short-lived pod. Default 300. */
  lifeMs?: number;
  /** How long the folder of a short-lived pod outlives it. Default 1000. */
  lingerMs?: number;
  /** Lines of a short-lived pod. Default 30. */
  jobLines?: number;
  /** Delete the files at `stop`. */
  clean?: boolean;
}

export interface NodeStats {
  /** Pods that are not deleted. */
  pods: number;
  /** Full lines. */
  lines: number;
  fileBytes: number;
  rotations: number;
  undoneRotations: number;
  restarts: number;
  podsDeleted: number;
}

export interface SimulatedNode {
  readonly root: string;
  /** Resolves when every pod has reached `podBytes`, or at `stop`; rejects when writing or rotating failed. */
  readonly done: Promise<void>;
  /** What every container has written, those of deleted pods included. Exact at any moment. */
  written(): Written[];
  stats(): NodeStats;
  /** Rotates every running log once, now. */
  rotate(): Promise<void>;
  /** Restarts the containers of the pod with this name. */
  restartPod(pod: string): Promise<void>;
  /** Ends the pod with this name and deletes its folder. */
  deletePod(pod: string): Promise<void>;
  /** Ends all writers, each after a full line, and the rotations. Rejects with what failed, if anything did. */
  stop(): Promise<void>;
}

/** What holds for an option that is left out. */
export const DEFAULTS: Required<Omit<NodeOptions, 'root'>> = {
  pods: 20,
  rateBytes: 1 << 20,
  even: false,
  podBytes: 0,
  seed: 1,
  lineBytes: 0,
  longLineEvery: 5000,
  offsetMinutes: 0,
  rotateBytes: 10 << 20,
  rotateEveryMs: 0,
  keepFiles: 5,
  undoShare: 0,
  copyTruncate: false,
  reopenDelayMs: 2,
  restartsPerSecond: 0,
  churnPerSecond: 0,
  lifeMs: 300,
  lingerMs: 1000,
  jobLines: 30,
  clean: false,
};
