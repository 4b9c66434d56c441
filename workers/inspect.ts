import { once } from 'node:events';
import type { InspectedLine, InspectJob } from '../src/protocol.js';
import { BuiltInInspector } from './inspect/built-in.js';
import type { Inspector } from './inspect/inspector.js';
import { type InputLine, InputLines } from './inspect/lines.js';
import { RouteInspector } from './inspect/route.js';
import { HEAD_ROOM_BYTES } from './memory.js';
import { readText } from './pipeline/text.js';
import { loadRouteLibraries } from './stages/libraries.js';

/**
 * Runs an inspection: answers each piece of the input with what becomes of its lines, until null ends it. Throws an Error with a message for the user if a pipeline does not compile.
 */
export async function inspect({ port, path, pipelines, maxLineBytes, readTimeMs }: InspectJob): Promise<void> {
  for (const pipeline of pipelines) if (pipeline.kind === 'route') await loadRouteLibraries(pipeline.route);
  const inspectors = pipelines.map((pipeline): Inspector => {
    if (pipeline.kind === 'route') {
      const { route, targetLabels } = pipeline;
      return new RouteInspector(route, { path, targetLabels, readTimeMs });
    }
    return new BuiltInInspector(pipeline.spec, { path, format: pipeline.format, maxLineBytes, readTimeMs });
  });
  const input = new InputLines(maxLineBytes + HEAD_ROOM_BYTES);
  let number = 0;
  const inspected = (line: InputLine): InspectedLine => {
    const { bytes, from, to, offset, cut } = line;
    number++;
    const passes = inspectors.map((inspector) => inspector.line(bytes, from, to, offset));
    return { number, line: readText(bytes, from, to), cut, passes };
  };

  port.postMessage(inspectors.map(({ log }) => log));
  for (;;) {
    const [piece]: [Uint8Array | null] = await (once(port, 'message') as Promise<[Uint8Array | null]>);
    if (piece === null) break;
    if (number === 0 && input.isEmpty) for (const inspector of inspectors) await inspector.begin(Buffer.from(piece));
    port.postMessage([...mapped(input.add(piece), inspected)]);
  }
  const last = [...mapped(input.end(), inspected)];
  const passes = inspectors.map((inspector) => inspector.end());
  const held: InspectedLine = { number, line: null, cut: false, passes };
  port.postMessage(passes.some(({ length }) => length > 0) ? [...last, held] : last);
}

/** One after the other, since a line holds until the next one only. */
function* mapped<T, R>(items: Iterable<T>, change: (item: T) => R): Generator<R> {
  for (const item of items) yield change(item);
}
