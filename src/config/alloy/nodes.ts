import type { Block } from './ast.js';
import type { Place } from './diagnostics.js';
import type { Module } from './module.js';
import type { Component } from './tables/component.js';
import type { importSchemas } from './tables/modules.js';
import type { Value } from './value.js';

/** What a block at the top of a module is. */
export type Role =
  | { kind: 'component'; component: Component }
  | { kind: 'import'; name: keyof typeof importSchemas }
  | { kind: 'custom' }
  | { kind: 'argument' }
  | { kind: 'export' }
  | { kind: 'unsupported' };

/** A block at the top of a module that others can refer to. */
export interface NodeOf {
  /** Its name, and its label if it has one: `loki.write.default`. */
  id: string;
  block: Block;
  role: Role;
  state: 'waiting' | 'running' | 'failed' | 'done' | 'left out';
  exports: ReadonlyMap<string, Value>;
  /** What it refers to, with the place of one reference to each. */
  refersTo: Map<NodeOf, Place>;
  /** The declarations an import brings. */
  imported: Module | null;
}

export interface Cycle {
  nodes: NodeOf[];
  /** The reference that closes it. */
  place: Place;
  message: string;
}

/** Longer chains of references are taken for a mistake: they are worked out by recursion. */
const MAX_CHAIN = 300;

/** Cycles of references, as a walk in the order of the file meets them, and chains that are too long. */
export function findCycles(nodes: readonly NodeOf[]): Cycle[] {
  const cycles: Cycle[] = [];
  const settled = new Set<NodeOf>();
  const way: NodeOf[] = [];
  const visit = (node: NodeOf): void => {
    if (settled.has(node)) return;
    way.push(node);
    for (const [other, place] of node.refersTo) {
      const from = way.indexOf(other);
      if (from < 0 && way.length < MAX_CHAIN) {
        visit(other);
        continue;
      }
      if (from < 0) {
        cycles.push({
          nodes: [...way],
          place,
          message: `more than ${MAX_CHAIN} components refer to each other in a row`,
        });
        continue;
      }
      const cycle = way.slice(from);
      const names = [...cycle, other].map(({ id }) => id).join(' -> ');
      const message = other === node ? `${node.id} refers to itself` : `these refer to each other: ${names}`;
      cycles.push({ nodes: cycle, place, message });
    }
    way.pop();
    settled.add(node);
  };
  for (const node of nodes) visit(node);
  return cycles;
}

/**
 * Nodes that are not supported and neither give to a component of loki nor take from one, with those that depend on them.
 */
export function findUnrelated(nodes: readonly NodeOf[]): NodeOf[] {
  const related = new Set<NodeOf>();
  const relate = (node: NodeOf): void => {
    if (related.has(node)) return;
    related.add(node);
    for (const other of node.refersTo.keys()) relate(other);
  };
  for (const node of nodes) if (isLog(node) || [...node.refersTo.keys()].some(isLog)) relate(node);
  const known = new Map<NodeOf, boolean>();
  const isUnrelated = (node: NodeOf): boolean => {
    const found = known.get(node);
    if (found !== undefined) return found;
    // Until it is known; matters only in a cycle, which is a mistake of its own.
    known.set(node, false);
    const unrelated =
      !related.has(node) && (node.role.kind === 'unsupported' || [...node.refersTo.keys()].some(isUnrelated));
    known.set(node, unrelated);
    return unrelated;
  };
  return nodes.filter(isUnrelated);
}

function isLog({ id, role }: NodeOf): boolean {
  return id.startsWith('loki.') || role.kind === 'custom' || role.kind === 'export';
}
