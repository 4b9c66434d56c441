import { CallError } from './value.js';

/** What JSON.parse can give. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

type Step = (values: Json[]) => Json[];

const step =
  /(?<descend>\.\.)?(?:\.?\[(?<inside>(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\]"'])*)\]|\.?(?<name>\*|[\p{L}\p{N}_$-]+))/uy;

/**
 * The values a JSONPath leads to: `$`, `.name`, `['name']`, `[0]`, `[-1]`, `[1:3]`, `[::2]`, `[0,2]`, `*` and `..`. Filters
 * (`[?(...)]`) are not supported.
 * @throws CallError for a path that cannot be read (argument 1)
 */
export function jsonPath(json: Json, path: string): Json[] {
  const steps: Step[] = [];
  step.lastIndex = /^[$@]/.test(path) ? 1 : 0;
  while (step.lastIndex < path.length) {
    const at = step.lastIndex;
    const { descend, inside, name } = step.exec(path)?.groups ?? {};
    if (name === undefined && inside === undefined) throw badPath(path.slice(at));
    if (descend !== undefined) steps.push((values) => values.flatMap(selfAndBelow));
    if (name !== undefined) steps.push(name === '*' ? children : named([name]));
    else steps.push(bracket((inside ?? '').trim()));
  }
  return steps.reduce((values, take) => take(values), [json]);
}

function badPath(rest: string): CallError {
  return new CallError(1, `the path cannot be read at "${rest}"`);
}

function bracket(inside: string): Step {
  if (inside === '*') return children;
  if (inside.startsWith('?') || inside.startsWith('(')) {
    throw new CallError(1, 'filters and scripts in a path are not supported');
  }
  const slice = /^(-?\d*):(-?\d*)(?::([1-9]\d*)?)?$/.exec(inside);
  if (slice !== null) {
    const bound = (text: string | undefined): number | undefined => (text ? Number(text) : undefined);
    const [from, to, stride = 1] = slice.slice(1).map(bound);
    return (values) =>
      values.flatMap((value) => {
        return Array.isArray(value) ? value.slice(from, to).filter((_, index) => index % stride === 0) : [];
      });
  }
  const items = inside.match(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^,]+/g)?.map((item) => item.trim()) ?? [];
  if (items.length > 0 && items.every((item) => /^-?\d+$/.test(item))) {
    const indexes = items.map(Number);
    return (values) =>
      values.flatMap((value) => {
        if (!Array.isArray(value)) return [];
        return indexes.map((index) => value.at(index)).filter((element) => element !== undefined);
      });
  }
  if (items.length > 0 && items.every((item) => /^["']/.test(item))) {
    return named(items.map((item) => item.slice(1, -1).replace(/\\(.)/gs, '$1')));
  }
  throw badPath(`[${inside}]`);
}

function named(names: string[]): Step {
  return (values) =>
    values.flatMap((value) => {
      if (value === null || typeof value !== 'object' || Array.isArray(value)) return [];
      return names.filter((name) => Object.hasOwn(value, name)).map((name) => value[name]!);
    });
}

function children(values: Json[]): Json[] {
  return values.flatMap((value) => (value !== null && typeof value === 'object' ? Object.values(value) : []));
}

function selfAndBelow(value: Json): Json[] {
  return [value, ...children([value]).flatMap(selfAndBelow)];
}
