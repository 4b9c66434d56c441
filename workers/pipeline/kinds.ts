import type { StageSpec } from '../../src/pipeline.js';
import type { Access, Stage, StageContext } from './stage.js';

/** How one kind of stage is understood. */
export interface StageKind<Spec extends StageSpec> {
  /** What it reads and writes; `nested` answers for nested stages. */
  access(spec: Spec, nested: (spec: StageSpec) => Access): Access;
  /** Throws an Error with a message for the user if an argument does not hold. */
  compile(spec: Spec, context: StageContext): Stage;
}

export type StageKinds = { [Name in StageSpec['stage']]: StageKind<Extract<StageSpec, { stage: Name }>> };
