import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { StageSpec } from '../../pipeline.js';
import type { StageMistake } from '../../protocol.js';
import { type Diagnostic, Diagnostics } from './diagnostics.js';
import { type FileAccess, Loader } from './loader.js';
import type { PipelinePlan } from './plan.js';
import type { Environment } from './stdlib.js';

/** A file or folder on disk, or texts that are merged as the files of a folder are. */
export type AlloyInput = { path: string } | { texts: { name: string; text: string }[] };

export interface AlloyOptions {
  /** What `sys.env` sees. */
  env: Environment;
  /** Leaves out what has nothing to do with logs, instead of refusing it. */
  skipUnsupported?: boolean;
  files?: FileAccess;
}

export type AlloyResult =
  | { plan: PipelinePlan; warnings: Diagnostic[] }
  /** All mistakes and warnings, by place; `files` are what was read, so that a change of them can be noticed. */
  | { diagnostics: Diagnostic[]; files: string[] };

const disk: FileAccess = {
  readFile: (path) => readFileSync(path),
  listFolder: (path) => (statSync(path).isDirectory() ? readdirSync(path) : null),
};

/** A configuration that was read, as far as that can be judged without the compilers of the stages. */
export interface AlloyDraft {
  /** The stages whose compilers are to be asked. */
  stages: StageSpec[];
  /** The result, given what is wrong with each of `stages` (null: nothing); without an answer a stage counts as good. */
  finish(answers: readonly (StageMistake | null)[]): AlloyResult;
}

/**
 * Reads an Alloy configuration and works out what is to be done: every argument checked and with its default, every
 * mistake told at once. Reads files, and runs nothing. What only the compilers of the stages can tell is left open;
 * `checkFile` asks them, and loads the libraries that a file turns out to need (`loadWanted`).
 */
export function draftAlloy(input: AlloyInput, options: AlloyOptions): AlloyDraft {
  const diagnostics = new Diagnostics();
  const loader = new Loader({
    env: options.env,
    files: options.files ?? disk,
    diagnostics,
    skipUnsupported: options.skipUnsupported ?? false,
  });
  const parsed =
    'path' in input
      ? [loader.parsePath(input.path, null)]
      : input.texts.map(({ name, text }) => loader.parseText(name, text));
  const bodies = parsed.filter((each) => each !== null).flat();
  // What follows from parts that cannot be read is not worth telling.
  if (!parsed.includes(null)) loader.loadMain(bodies, folderOf(input, options.files ?? disk));
  const sources = diagnostics.hasErrors ? [] : loader.graph.sources(diagnostics);
  const logging = diagnostics.hasErrors ? null : loader.graph.logging(diagnostics);
  const files = [...loader.filesRead];
  return {
    stages: diagnostics.questions.map(({ spec }) => spec),
    finish(answers) {
      for (const [index, mistake] of answers.entries()) {
        if (mistake !== null) diagnostics.questions[index]?.tell(mistake);
      }
      if (diagnostics.hasErrors) return { diagnostics: diagnostics.sorted(), files };
      const { writes, http } = loader.graph;
      const plan = { sources, writes, logging, http, files };
      return { plan, warnings: diagnostics.sorted() };
    },
  };
}

/** Absolute: `module_path` may be part of a path that is read from another folder. */
function folderOf(input: AlloyInput, files: FileAccess): string {
  if ('texts' in input) return dirname(input.texts[0]?.name ?? '.');
  const path = resolve(input.path);
  return files.listFolder(path) === null ? dirname(path) : path;
}
