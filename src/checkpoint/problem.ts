/** Something that went wrong and is lived with, said once when it begins and once when it is over. */
export interface CheckpointProblem {
  /** Stable, upper-case, names the condition. */
  code: string;
  message: string;
  /** A sentence for whoever operates it: what to do. */
  advice: string;
  /** The condition is over. */
  resolved: boolean;
}

export type OnProblem = (problem: CheckpointProblem) => void;
