import { basename, dirname, isAbsolute, join } from 'node:path';
import { errnoOf } from '../../errors.js';
import type { Body } from './ast.js';
import type { Diagnostics, Place } from './diagnostics.js';
import { Graph } from './graph.js';
import { type Declaration, Module } from './module.js';
import { parseFile } from './parser.js';
import { decodeUtf8, SourceFile } from './source.js';
import { type Environment, standardLibrary } from './stdlib.js';
import { Secret, type Value } from './value.js';

/** How files are read; node:fs for the real ones. */
export interface FileAccess {
  /** Throws if the file cannot be read. */
  readFile(path: string): Uint8Array;
  /** Names of the files in a folder, or null if `path` is none. Throws if there is nothing. */
  listFolder(path: string): string[] | null;
}

export interface LoaderOptions {
  env: Environment;
  files: FileAccess;
  diagnostics: Diagnostics;
  skipUnsupported: boolean;
}

/** How many custom components may be used, and how deep in each other: more is taken for endless. */
const MAX_MODULES = 1000;
const MAX_MODULE_DEPTH = 20;

/** What all modules of one configuration share. */
export class Loader {
  readonly diagnostics: Diagnostics;
  readonly graph = new Graph();
  readonly library: ReadonlyMap<string, Value>;
  readonly skipUnsupported: boolean;
  /** Paths of everything that was read. */
  readonly filesRead = new Set<string>();
  readonly #files: FileAccess;
  /** The declarations and imports we are inside of. */
  readonly #inside: (Declaration['block'] | string)[] = [];
  #modules = 0;

  constructor({ env, files, diagnostics, skipUnsupported }: LoaderOptions) {
    this.diagnostics = diagnostics;
    this.library = standardLibrary(env);
    this.skipUnsupported = skipUnsupported;
    this.#files = files;
  }

  /** Works out the configuration itself. */
  loadMain(bodies: readonly Body[], folder: string): void {
    new Module(this, 'main', { prefix: '', folder, outer: null }).load(bodies);
  }

  /** The exports of a custom component, whose inside is worked out now; null if that failed. */
  instantiate(
    declaration: Declaration,
    prefix: string,
    args: ReadonlyMap<string, Value>,
    place: Place,
  ): ReadonlyMap<string, Value> | null {
    const { block, module } = declaration;
    if (this.#inside.includes(block)) {
      this.diagnostics.error(place, `"${block.label?.text}" is declared by means of itself`);
      return null;
    }
    if (++this.#modules > MAX_MODULES) {
      this.diagnostics.error(place, `more than ${MAX_MODULES} custom components are used`);
      return null;
    }
    if (this.#inside.length >= MAX_MODULE_DEPTH) {
      this.diagnostics.error(place, `modules are nested more than ${MAX_MODULE_DEPTH} deep`);
      return null;
    }
    const inner = new Module(this, 'declare', { prefix, folder: module.folder, outer: module, args });
    const errors = this.diagnostics.errorCount;
    this.#inside.push(block);
    inner.load([block.body]);
    this.#inside.pop();
    return this.diagnostics.errorCount > errors ? null : inner.exports();
  }

  /** The module that `import.file` or `import.string` brings in; null after telling why there is none. */
  importModule(place: Place, id: string, folder: string, args: Record<string, unknown>): Module | null {
    const { filename, content } = args;
    if (content !== undefined) {
      const isSecret = content instanceof Secret;
      const text = isSecret ? content.reveal() : String(content);
      return this.#importBodies(place, id, folder, id, this.parseText(id, text, isSecret));
    }
    const path = isAbsolute(String(filename)) ? String(filename) : join(folder, String(filename));
    const bodies = this.parsePath(path, place);
    if (bodies === null) return null;
    const isFolder = this.#files.listFolder(path) !== null;
    return this.#importBodies(place, id, isFolder ? path : dirname(path), path, bodies);
  }

  /** Parses a file, or all `*.alloy` files of a folder in the order of their names; null after telling why not. */
  parsePath(path: string, place: Place | null): Body[] | null {
    try {
      this.filesRead.add(path);
      const names = this.#files.listFolder(path);
      if (names === null) return this.#parseBytes(path, this.#files.readFile(path));
      const paths = names.filter((name) => name.endsWith('.alloy')).sort();
      if (paths.length === 0) {
        this.diagnostics.error(place ?? startOf(path), `the folder ${path} holds no file that ends in .alloy`);
        return null;
      }
      const parsed = paths.map((name) => this.parsePath(join(path, name), place));
      return parsed.some((bodies) => bodies === null) ? null : parsed.flatMap((bodies) => bodies ?? []);
    } catch (error) {
      this.diagnostics.error(place ?? startOf(path), unreadable(path, error));
      return null;
    }
  }

  parseText(name: string, text: string, isSecret = false): Body[] | null {
    const file = parseFile(new SourceFile(name, text, isSecret), this.diagnostics);
    return file.isWhole ? [file.body] : null;
  }

  readText(path: string): { text: string } | { problem: string } {
    try {
      this.filesRead.add(path);
      const { text, badAt } = decodeUtf8(this.#files.readFile(path));
      return badAt < 0 ? { text } : { problem: `the file ${path} is not UTF-8` };
    } catch (error) {
      return { problem: unreadable(path, error) };
    }
  }

  #parseBytes(path: string, bytes: Uint8Array): Body[] | null {
    const { text, badAt } = decodeUtf8(bytes);
    if (badAt < 0) return this.parseText(path, text);
    this.diagnostics.error({ source: new SourceFile(path, text), from: badAt }, 'this byte is not UTF-8');
    return null;
  }

  #importBodies(place: Place, id: string, folder: string, key: string, bodies: Body[] | null): Module | null {
    if (bodies === null) return null;
    if (this.#inside.includes(key)) {
      this.diagnostics.error(place, `${basename(key)} imports itself`);
      return null;
    }
    if (this.#inside.length >= MAX_MODULE_DEPTH) {
      this.diagnostics.error(place, `modules are nested more than ${MAX_MODULE_DEPTH} deep`);
      return null;
    }
    const module = new Module(this, 'import', { prefix: `${id}/`, folder, outer: null });
    const errors = this.diagnostics.errorCount;
    this.#inside.push(key);
    module.load(bodies);
    this.#inside.pop();
    return this.diagnostics.errorCount > errors ? null : module;
  }
}

function startOf(path: string): Place {
  return { source: new SourceFile(path, ''), from: 0 };
}

function unreadable(path: string, error: unknown): string {
  const code = errnoOf(error);
  if (code === undefined) throw error;
  return `the file ${path} cannot be read (${code})`;
}
