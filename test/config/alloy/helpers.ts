import assert from 'node:assert/strict';
import { type Diagnostic, formatDiagnostics } from '../../../src/config/alloy/diagnostics.js';
import { library, loadWanted } from '../../../src/config/alloy/libraries.js';
import { type AlloyInput, type AlloyOptions, type AlloyResult, draftAlloy } from '../../../src/config/alloy/load.js';
import type { PipelinePlan } from '../../../src/config/alloy/plan.js';
import type { StageSpec } from '../../../src/pipeline.js';

/** For tests that load configurations without `checkFile`. */
export async function loadLibraries(): Promise<void> {
  library('yaml');
  library('jmespath');
  await loadWanted();
}

/** A configuration as it is when no compiler of a stage finds a mistake. */
export function loadAlloy(input: AlloyInput, options: AlloyOptions): AlloyResult {
  return draftAlloy(input, options).finish([]);
}

type Options = Partial<AlloyOptions>;

/** The plan of a configuration that must be good. */
export function planOf(text: string, options: Options = {}): PipelinePlan {
  const result = loadAlloy({ texts: [{ name: 'test.alloy', text }] }, { env: {}, ...options });
  if ('plan' in result) return result.plan;
  assert.fail(formatDiagnostics(result.diagnostics));
}

/** `line:column: message` of all mistakes in a configuration. */
export function mistakesIn(text: string, options: Options = {}): string[] {
  const result = loadAlloy({ texts: [{ name: 'test.alloy', text }] }, { env: {}, ...options });
  if ('plan' in result) return [];
  const errors = result.diagnostics.filter(({ severity }) => severity === 'error');
  return errors.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

/** Ids of the components that warnings say were left out, as `skipUnsupported` asks for. */
export function leftOutIn(warnings: readonly Diagnostic[]): string[] {
  return warnings.flatMap(({ message }) => /^left out (\S+): /.exec(message)?.[1] ?? []);
}

/** What the stages in a `loki.process` come to. */
export function stagesOf(stages: string, options: Options = {}): StageSpec[] {
  const plan = planOf(
    `
loki.source.file "s" {
  targets    = [{ __path__ = "/a.log" }]
  forward_to = [loki.process.p.receiver]
}
loki.process "p" {
${stages}
  forward_to = [loki.echo.e.receiver]
}
loki.echo "e" { }`,
    options,
  );
  return plan.sources[0]!.routes[0]!.spec.processes[0]!.stages;
}

/** Files in memory. */
export function filesOf(files: Record<string, string>): NonNullable<AlloyOptions['files']> {
  const absent = (path: string): Error => Object.assign(new Error(path), { code: 'ENOENT' });
  return {
    readFile(path) {
      const text = files[path];
      if (text === undefined) throw absent(path);
      return Buffer.from(text);
    },
    listFolder(path) {
      const inside = Object.keys(files).filter((name) => name.startsWith(`${path}/`));
      if (inside.length > 0) return inside.map((name) => name.slice(path.length + 1));
      if (files[path] === undefined) throw absent(path);
      return null;
    },
  };
}
