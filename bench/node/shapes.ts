import { SleipnirError } from '../../src/errors.js';
import type { Random } from './random.js';

export const SHAPES = ['access', 'json', 'logfmt', 'java'] as const;
export const STYLES = [...SHAPES, 'mixed'] as const;
/** What a container writes: one shape only, or all of them. */
export type Style = (typeof STYLES)[number];

/** One line as an application prints it: the content of one or more CRI lines. */
export interface AppLine {
  stream: 'stdout' | 'stderr';
  content: string;
}

/** Digits of a running number; it wraps after a thousand million lines of one container. */
export const SEQ_DIGITS = 9;
/** Where the running number goes. In JSON it is padded with spaces: leading zeros are not JSON. */
export const SEQ_TEXT = `seq=${'0'.repeat(SEQ_DIGITS)}`;
export const SEQ_JSON = `"seq":${' '.repeat(SEQ_DIGITS)}`;

const PATHS = ['/api/v1/orders', '/api/v1/cart', '/healthz', '/static/app.js', '/login', '/search', '/api/v2/users'];
const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15',
  'kube-probe/1.31',
  'curl/8.11.0',
  'Go-http-client/2.0',
];
const LEVELS = ['debug', 'info', 'info', 'info', 'info', 'warn', 'error'];
const COMPONENTS = ['ingester', 'compactor', 'scheduler', 'cache', 'ring', 'querier', 'controller'];
const MESSAGES = [
  'request completed',
  'flushing chunk',
  'cache miss, asking upstream',
  'reconciled object',
  'retrying after a timeout',
  'user Zoë Müller signed in',
  'пакет доставлен',
  'connection closed by peer',
  'configuration reloaded',
];
const CLASSES = ['OrderService', 'PaymentGateway', 'CartRepository', 'TokenFilter', 'InvoiceJob', 'StockClient'];
const METHODS = ['handle', 'process', 'apply', 'load', 'save', 'validate', 'invoke', 'lambda$run$0'];
const PACKAGES = ['com.example.shop.order', 'com.example.payments', 'org.springframework.web', 'java.base/java.util'];
const FAILURES = ['java.lang.IllegalStateException', 'java.net.SocketTimeoutException', 'java.sql.SQLException'];
const ALPHANUMERIC = 'abcdefghijklmnopqrstuvwxyz0123456789';
const HEX = '0123456789abcdef';

/** The lines an application writes in one go: mostly one; a stack trace is several. */
export function shapeLines(style: (typeof SHAPES)[number], random: Random): AppLine[] {
  switch (style) {
    case 'access':
      return [{ stream: 'stdout', content: accessLine(random) }];
    case 'json':
      return [{ stream: 'stdout', content: jsonLine(random) }];
    case 'logfmt':
      return [{ stream: random.below(20) === 0 ? 'stderr' : 'stdout', content: logfmtLine(random) }];
    case 'java':
      return random.below(40) === 0 ? stackTrace(random) : [{ stream: 'stdout', content: javaLine(random) }];
  }
}

/** A line with exactly `bytes` bytes of content, whatever is in it cut or filled up. Throws when the number does not fit. */
export function fixedLine(bytes: number, random: Random): AppLine {
  if (bytes < SEQ_TEXT.length) {
    throw new SleipnirError(
      'BENCH_LINE_BYTES',
      `a line of ${bytes} bytes has no room for its running number`,
      `Ask for at least ${SEQ_TEXT.length} bytes.`,
    );
  }
  const head = `${SEQ_TEXT} level=${random.pick(LEVELS)} component=${random.pick(COMPONENTS)} trace=${random.text(16, HEX)} msg=`;
  const content = head.slice(0, bytes) + words(random, Math.max(0, bytes - head.length));
  return { stream: 'stdout', content };
}

/** A line that containerd must split: somebody logs a whole request body. */
export function longLine(bytes: number, random: Random): AppLine {
  const head = `{${SEQ_JSON},"level":"debug","msg":"request body","body":"`;
  return { stream: 'stdout', content: `${head}${words(random, bytes - head.length - 2)}"}` };
}

function accessLine(random: Random): string {
  const ip = `10.${random.below(4) + 42}.${random.below(256)}.${random.below(256)}`;
  const time = `22/Nov/2026:${two(random.below(24))}:${two(random.below(60))}:${two(random.below(60))} +0000`;
  const request = `${random.pick(['GET', 'GET', 'GET', 'POST', 'PUT'])} ${random.pick(PATHS)}/${random.below(100_000)}`;
  const status = random.pick([200, 200, 200, 201, 204, 304, 404, 500]);
  const timing = `rt=0.${random.text(3, '0123456789')}`;
  return `${ip} - - [${time}] "${request} HTTP/1.1" ${status} ${random.below(50_000)} "-" "${random.pick(AGENTS)}" ${SEQ_TEXT} ${timing}`;
}

function jsonLine(random: Random): string {
  const level = random.pick(LEVELS);
  const fields = `"component":"${random.pick(COMPONENTS)}","msg":"${random.pick(MESSAGES)}"`;
  const trace = `"trace_id":"${random.text(32, HEX)}","duration_ms":${random.below(5000)},"status":${random.pick([200, 404, 503])}`;
  return `{${SEQ_JSON},"level":"${level}",${fields},${trace}}`;
}

function logfmtLine(random: Random): string {
  const head = `level=${random.pick(LEVELS)} component=${random.pick(COMPONENTS)} ${SEQ_TEXT}`;
  const tail = `tenant=t-${random.below(100)} trace=${random.text(16, HEX)} duration=${random.below(900)}ms bytes=${random.below(1e6)}`;
  return `${head} msg="${random.pick(MESSAGES)}" ${tail}`;
}

function javaLine(random: Random): string {
  const level = random.pick(LEVELS).toUpperCase().padEnd(5);
  const thread = `[http-nio-8080-exec-${random.below(50)}]`;
  const order = `order ${random.text(8, ALPHANUMERIC)} took ${random.below(2000)} ms`;
  return `${level} ${thread} ${random.pick(PACKAGES)}.${random.pick(CLASSES)} - ${random.pick(MESSAGES)}: ${order} ${SEQ_TEXT}`;
}

function stackTrace(random: Random): AppLine[] {
  const stream = random.below(3) === 0 ? 'stdout' : 'stderr';
  const frame = () => {
    const name = random.pick(CLASSES);
    return `\tat ${random.pick(PACKAGES)}.${name}.${random.pick(METHODS)}(${name}.java:${random.below(900) + 1}) ${SEQ_TEXT}`;
  };
  const frames = (count: number) => Array.from({ length: count }, frame);
  const lines = [
    `ERROR ${SEQ_TEXT} ${random.pick(FAILURES)}: ${random.pick(MESSAGES)}`,
    ...frames(3 + random.below(12)),
    `Caused by: ${random.pick(FAILURES)}: ${random.text(12, ALPHANUMERIC)} ${SEQ_TEXT}`,
    ...frames(2 + random.below(6)),
  ];
  return lines.map((content) => ({ stream, content }));
}

/** Words of changing length, `bytes` bytes in all. */
function words(random: Random, bytes: number): string {
  const parts: string[] = [];
  for (let length = 0; length < bytes; ) {
    const word = random.text(3 + random.below(9), ALPHANUMERIC);
    parts.push(word);
    length += word.length + 1;
  }
  return parts.join(' ').slice(0, bytes).padEnd(bytes, '.');
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
