import type { StageSpec } from '../../pipeline.js';
import type { StageMistake } from '../../protocol.js';
import { printable } from '../../table.js';
import type { SourceFile } from './source.js';

export type Severity = 'error' | 'warning';

/** Something in a configuration that its author should know. */
export interface Diagnostic {
  file: string;
  /** Counted from 1. */
  line: number;
  /** Counted from 1, in Unicode characters. */
  column: number;
  /** What is wrong, and where it helps, what to do. Never holds the value of a secret. */
  message: string;
  severity: Severity;
  /** The line of the file, with secrets starred out. */
  excerpt: string;
}

/** A span of a text: what a diagnostic is about. */
export interface Place {
  source: SourceFile;
  from: number;
}

/** What is wrong with a text, and at which character (UTF-16 unit). */
export interface TextProblem {
  at: number;
  message: string;
}

/** A stage that is good as far as the loader can tell, and what is done with the answer of its compiler. */
export interface StageQuestion {
  spec: StageSpec;
  tell(mistake: StageMistake): void;
}

/** Collects everything that is wrong, so that all of it is told at once. */
export class Diagnostics {
  /** What is left to be asked, in the order of the files. */
  readonly questions: StageQuestion[] = [];
  readonly #found = new Map<string, Diagnostic>();
  #errors = 0;

  get hasErrors(): boolean {
    return this.#errors > 0;
  }

  get errorCount(): number {
    return this.#errors;
  }

  error(place: Place, message: string): void {
    this.#add(place, message, 'error');
  }

  warning(place: Place, message: string): void {
    this.#add(place, message, 'warning');
  }

  /** Notes that the compiler of the stage is to be asked, which lives in the workers; `at` finds an argument's place. */
  ask(spec: StageSpec, at: (argument: string, offset: number | null) => Place): void {
    this.questions.push({
      spec,
      tell: ({ argument, offset, message }) => this.error(at(argument, offset), message),
    });
  }

  /** By file and place in it. */
  sorted(): Diagnostic[] {
    return [...this.#found.values()].sort(
      (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
    );
  }

  #add({ source, from }: Place, message: string, severity: Severity): void {
    const { line, column } = source.positionOf(from);
    const key = `${source.name}\0${line}\0${column}\0${message}`;
    if (this.#found.has(key)) return;
    if (severity === 'error') this.#errors++;
    const excerpt = source.isSecret ? '' : starSecrets(source.lineAt(line));
    this.#found.set(key, { file: source.name, line, column, message, severity, excerpt });
  }
}

/** Arguments whose text nobody should see on a terminal or in a log. */
export const secretArguments: readonly string[] = [
  'bearer_token',
  'client_secret',
  'content',
  'credentials',
  'http_headers',
  'key_pem',
  'password',
  'proxy_connect_header',
];

const secretLine = new RegExp(`(?:^|[^\\w.])(?:${secretArguments.join('|')})"?\\s*=`);

/** Keeps the length of a line, so that the caret still points at the place. */
function starSecrets(line: string): string {
  const named = secretLine.exec(line);
  if (named === null) return line;
  const head = line.slice(0, named.index + named[0].length);
  const star = (inside: string) => '*'.repeat([...inside].length);
  const rest = line
    .slice(head.length)
    .replace(/"((?:[^"\\]|\\.)*)("|$)/g, (_, inside: string, end: string) => `"${star(inside)}${end}`)
    .replace(/`([^`]*)(`|$)/g, (_, inside: string, end: string) => `\`${star(inside)}${end}`);
  return head + rest;
}

/** `file:line:column: message`, then the line and a caret below the place. One text for all, each line ended. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(formatDiagnostic).join('');
}

function formatDiagnostic({ file, line, column, message, severity, excerpt }: Diagnostic): string {
  const kind = severity === 'warning' ? 'warning: ' : '';
  const head = printable(`${file}:${line}:${column}: ${kind}${message}`);
  if (excerpt.trim() === '') return `${head}\n`;
  // Tabs stay tabs below tabs, whatever their width.
  const indent = [...excerpt]
    .slice(0, column - 1)
    .map((character) => (character === '\t' ? '\t' : ' '))
    .join('')
    .padEnd(column - 1);
  const shown = excerpt.split('\t').map(printable).join('\t');
  return `${head}\n  ${shown}\n  ${indent}^\n`;
}

/** For editors: `[{file, line, column, severity, message}]`. */
export function diagnosticsJson(diagnostics: readonly Diagnostic[]): Omit<Diagnostic, 'excerpt'>[] {
  return diagnostics.map(({ file, line, column, severity, message }) => ({ file, line, column, severity, message }));
}
