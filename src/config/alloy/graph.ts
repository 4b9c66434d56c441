import type { ProcessSpec, StageSpec } from '../../pipeline.js';
import type { Diagnostics, Place } from './diagnostics.js';
import type { HttpPlan, PipelinePlan, RoutePlan, SourcePlan, WritePlan } from './plan.js';
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

/** Collects what components come to, and follows the ways from sources to writes. */
export class Graph {
  readonly writes: WritePlan[] = [];
  logging: PipelinePlan['logging'] = null;
  http: HttpPlan | null = null;
  readonly #nodes = new Map<Receiver, ReceiverNode>();
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

  sources(diagnostics: Diagnostics): SourcePlan[] {
    return this.#sources.map(({ plan, forwardTo, place }) => {
      const routes: RoutePlan[] = [];
      const counted = new Set<string>();
      const complete = this.#follow(forwardTo, [], routes, counted, '');
      if (!complete)
        diagnostics.error(
          place,
          `there are more than ${MAX_ROUTES} ways from here to a loki.write, or longer ones than anybody means`,
        );
      else if (routes.length === 0) {
        diagnostics.warning(place, `what ${plan.component} reads goes nowhere: forward it to a loki.write`);
      }
      return { ...plan, routes };
    });
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
