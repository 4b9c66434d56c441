import type { RouteSpec, TargetLabels } from '../../src/pipeline.js';
import type { InspectedEntry, InspectedLog, InspectedPass } from '../../src/protocol.js';
import { labelBlock } from '../label/labels.js';
import type { Entry } from '../pipeline/entry.js';
import { Pipeline } from '../pipeline/pipeline.js';
import { blockOf } from '../pipeline/streams.js';
import { TENANT_LABEL } from '../stages/tenant.js';
import { formatTimestamp } from './changes.js';
import type { Inspector } from './inspector.js';
import { stageName, Tracer } from './tracer.js';

export interface RouteLog {
  path: string;
  targetLabels: TargetLabels;
  readTimeMs: number;
}

/** Inspects a way through the graph of a configuration file. Throws what `Pipeline` throws. */
export class RouteInspector implements Inspector {
  readonly log: InspectedLog;
  readonly #pipeline: Pipeline;
  readonly #tracer: Tracer;

  constructor(given: RouteSpec, log: RouteLog) {
    // Whoever looks at a route sees all that it counts.
    const route = { ...given, processes: given.processes.map((process) => ({ ...process, counts: true })) };
    const { steps } = new Pipeline(route).hoisted(log.path, log.targetLabels);
    const hoisted = new Set(steps.filter(({ place }) => place !== 'line').map(({ id }) => id));
    const once = {
      ...route,
      processes: route.processes.map((process, number) => ({
        ...process,
        stages: process.stages.filter((_, index) => hoisted.has(`${number}.${index}`)),
      })),
    };
    const first = traced(once, log, () => false);
    first.pipeline.line(Buffer.alloc(0), 0, 0, 0);
    this.log = {
      once: first.tracer.take().flatMap((pass) => pass.steps),
      each: steps
        .filter(({ stage, id }) => stage !== null && !hoisted.has(id))
        .map(({ component, stage }) => ({ component, stage: stageName(stage!) })),
    };
    // Every stage sees every line, so that its changes can be told; those that were told above are left out.
    ({ pipeline: this.#pipeline, tracer: this.#tracer } = traced(route, log, (id) => hoisted.has(id)));
  }

  async begin(): Promise<void> {}

  line(bytes: Buffer, from: number, to: number, offset: number): InspectedPass[] {
    this.#pipeline.line(bytes, from, to, offset);
    return this.#tracer.take();
  }

  end(): InspectedPass[] {
    this.#pipeline.end(true);
    return this.#tracer.take();
  }
}

/** A pipeline that has begun, with a tracer between its stages. */
function traced(route: RouteSpec, log: RouteLog, isQuiet: (id: string) => boolean) {
  const tracer = new Tracer({
    componentOf: (id) => route.processes[Number.parseInt(id, 10)]!.component,
    isQuiet,
    takeDelta: () => pipeline.takeDelta(),
  });
  const pipeline = new Pipeline(route, { hoist: false, keepAll: true, wrap: tracer.wrap });
  const put = (entry: Entry): boolean => {
    tracer.finished(entry, inspectedEntry(entry, route, log.path));
    return true;
  };
  pipeline.begin({ ...log, carry: null }, { put });
  return { pipeline, tracer };
}

function inspectedEntry(entry: Entry, { maxLineBytes }: RouteSpec, path: string): InspectedEntry {
  const block = blockOf(entry.labels, () => labelBlock(new Map([['filename', path]])));
  return {
    stream: Buffer.from(block).toString(),
    timestamp: formatTimestamp(entry.seconds, entry.nanos),
    line: entry.line,
    metadata: entry.metadata.map(([name, value]) => [name, value]),
    tenant: entry.labels.get(TENANT_LABEL) ?? null,
    cut: entry.lineBytes > maxLineBytes,
  };
}
