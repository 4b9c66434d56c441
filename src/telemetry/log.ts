import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import type { Config } from '../config/config.js';
import { errnoOf, SleipnirError } from '../errors.js';
import { OwnLogFile } from './own-log.js';

/** The own log. Fields first, then a short message; never bytes of the logs that are collected. */
export type Log = Pick<Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'level'>;

/** The same for whoever has made it. */
export interface OwnLog extends Log {
  /** Lines from now on have another format. */
  setFormat(format: Config['logFormat']): Promise<void>;
  /** Lines from now on are kept in this file as well, to be shipped; null: in none. */
  keepIn(path: string | null): void;
}

/**
 * What may wait in memory when standard output does not take it (a full disk behind a redirect): 1 MiB of JSON lines
 * is hours of an undisturbed log. Beyond it lines are dropped, because a collector must not grow with its own log.
 */
const MAX_WAITING_BYTES = 1024 * 1024;
/** An error message can quote an answer of the other side; longer ones say nothing more. */
const MAX_MESSAGE_LENGTH = 500;
/** Deep enough for library error -> system error; a chain can also be a ring. */
const MAX_CAUSES = 3;

/**
 * The own log: JSON lines with ISO time and the level as a word, or the same for people, by `logFormat`.
 * Lines are written synchronously, so the last one before a crash is there.
 *
 * @param out where lines go; standard output if not given.
 */
export async function createLog(
  { logLevel, logFormat }: Pick<Config, 'logLevel' | 'logFormat'>,
  out?: DestinationStream,
): Promise<OwnLog> {
  const lines = out ?? standardOutput();
  const outputOf = (format: Config['logFormat']): DestinationStream | Promise<DestinationStream> =>
    format === 'pretty' ? forPeople(lines, out === undefined) : lines;
  let output = await outputOf(logFormat);
  let kept: OwnLogFile | null = null;
  const log: Log = pino(
    {
      level: logLevel,
      // Process id and host name are the pod's, and every line bears those already once it is collected.
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorFields },
    },
    {
      write(line) {
        output.write(line);
        kept?.write(line);
      },
    },
  );
  return Object.assign(log, {
    async setFormat(format: Config['logFormat']) {
      output = await outputOf(format);
    },
    keepIn(path: string | null) {
      if (path === (kept?.path ?? null)) return;
      kept?.close();
      kept = path === null ? null : new OwnLogFile(path);
    },
  });
}

function standardOutput(): DestinationStream {
  const stream = destination({ dest: 1, sync: true, maxLength: MAX_WAITING_BYTES });
  // A log that cannot be written (disk full, reader gone) must not stop shipping; an unheard `error` event would.
  stream.on('error', () => {});
  return stream;
}

async function forPeople(out: DestinationStream, onTerminal: boolean): Promise<DestinationStream> {
  // Loaded only here: a DaemonSet never needs it.
  const { prettyFactory } = await import('pino-pretty');
  const format = prettyFactory({
    colorize: onTerminal && process.stdout.hasColors?.() === true,
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
  return { write: (line) => out.write(format(line)) };
}

/** What the log shows of an error: code and advice of our own, the errno of the system's, the chain of causes; no stack of foreseen ones. */
function errorFields(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { message: clipMessage(String(error)) };
  const foreseen = error instanceof SleipnirError;
  return {
    type: error.name,
    code: errnoOf(error),
    message: clipMessage(error.message),
    advice: foreseen ? error.advice : undefined,
    stack: foreseen || depth > 0 ? undefined : framesOf(error),
    cause: error.cause === undefined || depth === MAX_CAUSES ? undefined : errorFields(error.cause, depth + 1),
  };
}

/** The stack without the message that it begins with, which may be long. */
function framesOf({ stack = '' }: Error): string | undefined {
  const start = stack.indexOf('\n    at ');
  return start === -1 ? undefined : stack.slice(start + 1);
}

/** Cuts a message that may quote foreign text to a length that suits a log line. */
export function clipMessage(message: string): string {
  return message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}...` : message;
}
