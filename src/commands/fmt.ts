import { readFileSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { type Diagnostic, Diagnostics, formatDiagnostics } from '../config/alloy/diagnostics.js';
import { parseFile } from '../config/alloy/parser.js';
import { printFile } from '../config/alloy/printer.js';
import { decodeUtf8, SourceFile } from '../config/alloy/source.js';
import { errnoOf } from '../errors.js';
import { printable } from '../table.js';
import { exitCodes } from './exit-codes.js';

export interface FmtOptions {
  /** Write the files instead of printing them. */
  write?: true;
  /** Name the files that are not formatted, and change nothing. */
  test?: true;
}

/** The name of standard input, as an argument and in messages. */
const STDIN = '-';

/**
 * `sleipnir fmt`: formats configurations, standard input if no file is named. One with a mistake of syntax is left alone.
 *
 * @returns the exit code: 1 if a text has mistakes, cannot be read or written, or (with `test`) is not formatted
 */
export async function fmt(files: readonly string[], { write, test }: FmtOptions): Promise<number> {
  let code = exitCodes.ok;
  for (const file of files.length === 0 ? [STDIN] : files) {
    const isInput = file === STDIN;
    try {
      const bytes = isInput ? await buffer(process.stdin) : readFileSync(file);
      const formatted = formatBytes(isInput ? '<stdin>' : file, bytes);
      if ('diagnostics' in formatted) {
        process.stderr.write(formatDiagnostics(formatted.diagnostics));
        code = exitCodes.failed;
        continue;
      }
      const { text } = formatted;
      const isChanged = !bytes.equals(Buffer.from(text));
      if (test) {
        if (isChanged) process.stdout.write(`${printable(file)}\n`);
        if (isChanged) code = exitCodes.failed;
      } else if (!write || isInput) process.stdout.write(text);
      else if (isChanged) writeFileSync(file, text);
    } catch (error) {
      const reason = errnoOf(error);
      if (reason === undefined) throw error;
      process.stderr.write(`${printable(file)}: cannot be ${write ? 'read or written' : 'read'} (${reason})\n`);
      code = exitCodes.failed;
    }
  }
  return code;
}

function formatBytes(name: string, bytes: Uint8Array): { text: string } | { diagnostics: Diagnostic[] } {
  const diagnostics = new Diagnostics();
  const { text, badAt } = decodeUtf8(bytes);
  const source = new SourceFile(name, text);
  if (badAt >= 0) diagnostics.error({ source, from: badAt }, 'this byte is not UTF-8');
  const file = badAt >= 0 ? null : parseFile(source, diagnostics);
  return file === null || diagnostics.hasErrors ? { diagnostics: diagnostics.sorted() } : { text: printFile(file) };
}
