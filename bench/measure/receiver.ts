import { fileURLToPath } from 'node:url';
import type { Fault } from '../receiver/faults.js';
import type { Figures } from '../receiver/figures.js';
import type { LatencyReport } from '../receiver/latency.js';
import { Child } from './child.js';

/** The decoding receiver in a process of its own: entries are counted, their numbers checked, their age measured. */
export interface RemoteReceiver {
  readonly url: string;
  readonly pushUrl: string;
  figures(): Promise<Figures>;
  /** Of the streams a selector takes, or of all. Empty unless `latency` was asked for. */
  latency(selector?: string): Promise<LatencyReport>;
  setFaults(faults: Fault[]): Promise<void>;
  stop(): Promise<void>;
}

export interface ReceiverShape {
  /** Default 0: one that is free. */
  port?: number;
  latency?: boolean;
}

const MAIN = fileURLToPath(new URL('../receiver/main.js', import.meta.url));
/** The two ways in which the lines of the simulator bear their number: see bench/node/shapes.ts. */
const MARKERS = ['seq=', '"seq":'];

/** Starts the receiver. Rejects with SleipnirError BENCH_CHILD_ENDED when it cannot listen. */
export async function startRemoteReceiver({ port = 0, latency = false }: ReceiverShape = {}): Promise<RemoteReceiver> {
  const flags = ['--json', '--store', 'count', '--port', String(port), ...(latency ? ['--latency'] : [])];
  const child = new Child([process.execPath, MAIN, ...flags, '--sequence', ...MARKERS]);
  const { url, pushUrl } = await child.firstLine((line) => JSON.parse(line) as { url: string; pushUrl: string });
  const get = async <T>(path: string): Promise<T> => (await fetch(`${url}${path}`)).json() as Promise<T>;
  return {
    url,
    pushUrl,
    figures: () => get('/figures'),
    latency: (selector) => get(`/latency${selector === undefined ? '' : `?query=${encodeURIComponent(selector)}`}`),
    setFaults: async (faults) => {
      await fetch(`${url}/faults`, { method: 'POST', body: JSON.stringify(faults) });
    },
    stop: () => child.stop(),
  };
}
