import { Command, InvalidArgumentError, Option } from 'commander';
import type { Limits } from './rules.js';
import { type ReceiverOptions, startReceiver } from './server.js';

interface Flags {
  host: string;
  port: number;
  store: 'keep' | 'count';
  metadata: boolean;
  behindLimit: boolean;
  maxLineBytes?: number;
  maxBodyBytes?: number;
  sequence?: string[];
  sequenceBy?: string;
  latency?: true;
  json?: boolean;
}

const program = new Command('receiver')
  .description('A Loki-compatible server that keeps or counts what is pushed to it, and can be told to fail.')
  .option('--host <address>', 'where to listen', '127.0.0.1')
  .option('--port <number>', 'port; 0 picks one', wholeNumber, 0)
  .addOption(
    new Option('--store <mode>', 'keep entries, or only count them').choices(['keep', 'count']).default('keep'),
  )
  .option('--no-metadata', 'refuse structured metadata')
  .option('--no-behind-limit', 'take entries however far they lie behind their stream')
  .option('--max-line-bytes <number>', 'longest line taken', wholeNumber)
  .option('--max-body-bytes <number>', 'longest request body taken', wholeNumber)
  .option('--sequence <markers...>', 'check the numbers behind these markers in the lines, such as seq=')
  .option(
    '--sequence-by <labels>',
    'labels that tell sequences apart, comma-separated (default: each stream has its own)',
  )
  .option('--latency', 'measure how old entries are when they are stored, for GET /latency')
  .option('--json', 'print the address as a line of JSON')
  .action(run);

await program.parseAsync();

async function run(flags: Flags): Promise<void> {
  const receiver = await startReceiver(toOptions(flags));
  const { url, pushUrl } = receiver;
  process.stdout.write(`${flags.json ? JSON.stringify({ url, pushUrl, pid: process.pid }) : url}\n`);
  const end = () => void receiver.close();
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
}

function toOptions(flags: Flags): ReceiverOptions {
  const limits: Partial<Limits> = { allowMetadata: flags.metadata };
  if (!flags.behindLimit) limits.maxBehindMs = null;
  if (flags.maxLineBytes !== undefined) limits.maxLineBytes = flags.maxLineBytes;
  if (flags.maxBodyBytes !== undefined) limits.maxBodyBytes = flags.maxBodyBytes;
  const by = flags.sequenceBy?.split(',').map((name) => name.trim());
  const sequence = flags.sequence === undefined ? undefined : { marker: flags.sequence, ...(by && { by }) };
  return {
    host: flags.host,
    port: flags.port,
    store: { mode: flags.store, latency: flags.latency ?? false, ...(sequence && { sequence }) },
    limits,
  };
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('a whole number is expected.');
  return Number(text);
}
