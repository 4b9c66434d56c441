import { setTimeout as delay } from 'node:timers/promises';
import type { Child } from '../measure/child.js';
import type { Usage } from '../measure/proc.js';
import type { RemoteReceiver } from '../measure/receiver.js';
import type { Figures } from '../receiver/figures.js';
import { type LatencyReport, quantileMs, since } from '../receiver/latency.js';
import type { Sample } from './result.js';

const LOOK_MS = 100;

export interface WatchOptions {
  child: Child;
  /** Null while it is away. */
  receiver: () => RemoteReceiver | null;
  /** The streams whose entries are written meanwhile: undefined for all. Null when ages say nothing. */
  fresh: string | undefined | null;
  /** It is given up when nothing new was stored for so long. */
  patienceSeconds: number;
  /** Called after each look. */
  looked: (sample: Sample) => void;
}

/** Looks at a collector and its receiver again and again, and keeps what was seen. */
export class Watch {
  readonly samples: Sample[] = [];
  usage: Usage = { cpuSeconds: 0, rssBytes: 0, peakRssBytes: 0, threadSeconds: [] };
  figures: Figures | null = null;
  readonly #options: WatchOptions;
  #latency: LatencyReport = { buckets: [], maxMs: 0 };
  #lastEntries = 0;
  #grewMs = Date.now();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Looks until `holds`, which is asked after each look; false when patience ran out before. */
  async until(holds: () => boolean): Promise<boolean> {
    this.#grewMs = Date.now();
    for (;;) {
      await this.#look();
      if (holds()) return true;
      if (Date.now() - this.#grewMs > this.#options.patienceSeconds * 1000) return false;
      await delay(LOOK_MS);
    }
  }

  /** Throws SleipnirError BENCH_CHILD_ENDED if the collector has ended. */
  async #look(): Promise<void> {
    const { child, fresh, looked } = this.#options;
    const usage = child.usage();
    if (usage === null || child.hasExited) throw child.failure();
    this.usage = usage;
    const receiver = this.#options.receiver();
    if (receiver !== null) this.figures = await receiver.figures();
    const entries = this.figures?.entries ?? 0;
    if (entries > this.#lastEntries || receiver === null) this.#grewMs = Date.now();
    this.#lastEntries = entries;
    const sample = {
      seconds: (Date.now() - child.startedMs) / 1000,
      cpuSeconds: usage.cpuSeconds,
      rssBytes: usage.rssBytes,
      storedEntries: entries,
      storedBytes: this.figures?.lineBytes ?? 0,
      latencyMs: fresh !== null && receiver !== null ? await this.#recentLatency(receiver, fresh) : null,
      up: receiver !== null,
    };
    this.samples.push(sample);
    looked(sample);
  }

  async #recentLatency(receiver: RemoteReceiver, selector: string | undefined): Promise<number | null> {
    const before = this.#latency;
    this.#latency = await receiver.latency(selector);
    return quantileMs(since(before, this.#latency), 0.99);
  }
}
