import type { ProcessSpec, StageSpec } from '../../pipeline.js';
import type { Diagnostics, Place } from './diagnostics.js';
import type { HttpPlan, LoggingPlan, RoutePlan, SourcePlan, WritePlan } from './plan.js';
import { Receiver } from './value.js';

/** What stands behind a receiver. */
export type ReceiverNode =
  | { kind: 'process'; component: string; stages: StageSpec[]; forwardTo: readonly Receiver[] }
  | { kind: 'write'; component: string; externalLabels: [string, string][] }
  | { kind: 'echo'; component: string }
  /** Its component has mistakes, which are told. */
  | { kind: 'failed' };

/** More ways than this through one graph is a mistake: they double with each fork that joins again. */
const MAX_ROUTES = 256;
const MAX_PROCESSES = 1000;

/** Makes entries of the lines in the file of our own log: only the labels of its target are Alloy's. */
const OWN_LOG: ProcessSpec = {
  component: 'logging',
  stages: [
    { stage: 'cri', maxPartialLines: 100, maxPartialLineSizeBytes: 0, maxPartialLineSizeTruncate: false },
    { stage: 'label_drop', values: ['filename', 'stream'] },
  ],
  counts: true,
};

/** Collects what components come to, and follows the ways from sources to writes. */
export class Graph {
  readonly writes: WritePlan[] = [];
  http: HttpPlan | null = null;
  readonly #nodes = new Map<Receiver, ReceiverNode>();
  #logging: { plan: Omit<LoggingPlan, 'routes'>; writeTo: readonly Receiver[]; place: Place } | null = null;
  readonly #sources: { plan: Omit<SourcePlan, 'routes'>; forwardTo: readonly Receiver[]; place: Place }[] = [];

  /** A receiver and what stands behind it. */
  receiver(component: string, node: ReceiverNode): Receiver {
    const receiver = new Receiver(component);
    this.#nodes.set(receiver, node);
    return receiver;
  }

  addSource(plan: Omit<SourcePlan, 'routes'>, forwardTo: readonly Receiver[], place: Place): void {
    this.#sources.push({ plan, forwardTo, place });
  }

  setLogging(plan: Omit<LoggingPlan, 'routes'>, writeTo: readonly Receiver[], place: Place): void {
    this.#logging = { plan, writeTo, place };
  }

  sources(diagnostics: Diagnostics): SourcePlan[] {
    return this.#sources.map(({ plan, forwardTo, place }) => {
      const routes = this.#routes(forwardTo, [], place, diagnostics);
      if (routes.length === 0) {
        diagnostics.warning(place, `what ${plan.component} reads goes nowhere: forward it to a loki.write`);
      }
      return { ...plan, routes };
    });
  }

  logging(diagnostics: Diagnostics): LoggingPlan | null {
    if (this.#logging === null) return null;
    const { plan, writeTo, place } = this.#logging;
    return { ...plan, routes: this.#routes(writeTo, [OWN_LOG], place, diagnostics) };
  }

  /** The ways from `receivers` on, each behind `first`. */
  #routes(
    receivers: readonly Receiver[],
    first: readonly ProcessSpec[],
    place: Place,
    diagnostics: Diagnostics,
  ): RoutePlan[] {
    const routes: RoutePlan[] = [];
    if (!this.#follow(receivers, first, routes, new Set(), '/0'.repeat(first.length))) {
      diagnostics.error(
        place,
        `there are more than ${MAX_ROUTES} ways from here to a loki.write, or longer ones than anybody means`,
      );
    }
    return routes;
  }

  /** Adds a route for each way from `receivers` on; false if there are too many. The graph has no cycles. */
  #follow(
    receivers: readonly Receiver[],
    behind: readonly ProcessSpec[],
    routes: RoutePlan[],
    counted: Set<string>,
    way: string,
  ): boolean {
    return receivers.every((receiver, index) => {
      const node = this.#nodes.get(receiver);
      if (node === undefined || node.kind === 'failed') return true;
      const here = `${way}/${index}`;
      if (node.kind === 'process') {
        if (behind.length >= MAX_PROCESSES) return false;
        const { component, stages, forwardTo } = node;
        return this.#follow(forwardTo, [...behind, { component, stages, counts: true }], routes, counted, here);
      }
      if (routes.length >= MAX_ROUTES) return false;
      // The same entries take the shared beginning of several routes only once, so only the first route counts there.
      const steps = here.split('/');
      const processes = behind.map((process, depth) => {
        const prefix = steps.slice(0, depth + 2).join('/');
        const counts = !counted.has(prefix);
        counted.add(prefix);
        return { ...process, counts };
      });
      const externalLabels = node.kind === 'write' ? node.externalLabels : [];
      routes.push({ spec: { processes, externalLabels }, sink: { kind: node.kind, component: node.component } });
      return true;
    });
  }
}
