import { type Block, type Body, type Expression, type Name, type Statement, walk } from './ast.js';
import { givenArguments } from './custom.js';
import { decodeBlock, type Reading } from './decode.js';
import type { Place } from './diagnostics.js';
import { AlreadyTold, chainOf, EvaluationError, type Scope } from './evaluate.js';
import type { Loader } from './loader.js';
import { nearest } from './nearest.js';
import { findCycles, findUnrelated, type NodeOf, type Role } from './nodes.js';
import type { Component } from './tables/component.js';
import { components } from './tables/components.js';
import { argumentSchema, exportSchema, importSchemas } from './tables/modules.js';
import { describeUnsupported } from './unsupported.js';
import type { Value } from './value.js';

/** A `declare` block, and the module it is written in, whose declarations it may use. */
export interface Declaration {
  block: Block;
  module: Module;
}

const nothing: ReadonlyMap<string, Value> = new Map();

/** What kind of text a module is: the configuration itself, the inside of `declare`, or an imported file. */
export type ModuleKind = 'main' | 'declare' | 'import';

/** The blocks of one namespace: they refer to each other in any order. */
export class Module implements Scope {
  readonly #loader: Loader;
  readonly #kind: ModuleKind;
  /** Goes before the ids of its components: empty, or `name.label/`. */
  readonly #prefix: string;
  readonly #folder: string;
  /** The module whose declarations can be used here. */
  readonly #outer: Module | null;
  /** What `argument.x.value` is. */
  readonly #args: ReadonlyMap<string, Value>;
  readonly #nodes = new Map<string, NodeOf>();
  readonly #declarations = new Map<string, Declaration>();
  readonly #importLabels = new Set<string>();
  readonly #reading: Reading;

  constructor(
    loader: Loader,
    kind: ModuleKind,
    options: { prefix: string; folder: string; outer: Module | null; args?: ReadonlyMap<string, Value> },
  ) {
    this.#loader = loader;
    this.#kind = kind;
    this.#prefix = options.prefix;
    this.#folder = options.folder;
    this.#outer = options.outer;
    this.#args = options.args ?? nothing;
    this.#reading = { scope: this, diagnostics: loader.diagnostics };
  }

  get folder(): string {
    return this.#folder;
  }

  /** Reads the blocks and works them all out. Called once. */
  load(bodies: readonly Body[]): void {
    const statements = bodies.flatMap((body) => body.statements);
    for (const statement of statements) this.#declare(statement);
    for (const statement of statements) this.#add(statement);
    for (const node of this.#nodes.values()) this.#link(node);
    this.#checkReferences();
    for (const node of this.#nodes.values()) this.#work(node);
  }

  /** The values of its `export` blocks; null if one of them failed. */
  exports(): Map<string, Value> | null {
    const found = new Map<string, Value>();
    for (const { role, state, exports, block } of this.#nodes.values()) {
      if (role.kind !== 'export') continue;
      if (state !== 'done') return null;
      found.set(block.label?.text ?? '', exports.get('value') ?? null);
    }
    return found;
  }

  find(names: readonly Name[]): { value: Value; used: number } {
    const first = names[0]!;
    const node = this.#nodeOf(names);
    if (node !== null) {
      const used = node.id.split('.').length;
      this.#work(node);
      if (node.state !== 'done') throw new AlreadyTold();
      const next = names[used];
      if (next !== undefined && !node.exports.has(next.text)) {
        const list = [...node.exports.keys()].join(', ');
        throw new EvaluationError(
          next,
          `${node.id} exports no "${next.text}"; it exports ${list === '' ? 'nothing' : list}`,
        );
      }
      return { value: new Map(node.exports), used };
    }
    const value = first.text === 'module_path' ? this.#folder : this.#loader.library.get(first.text);
    if (value !== undefined) return { value, used: 1 };
    throw new EvaluationError(first, this.#describeUnknown(names));
  }

  /** The declaration of a custom component, as it is named here. */
  #definition(name: string): Declaration | null {
    const own = this.#declarations.get(name);
    if (own !== undefined) return own;
    const dot = name.indexOf('.');
    const importer = dot < 0 ? undefined : this.#importer(name.slice(0, dot));
    if (importer !== undefined) {
      this.#work(importer);
      return importer.imported === null ? null : (importer.imported.#declarations.get(name.slice(dot + 1)) ?? null);
    }
    return this.#outer === null ? null : this.#outer.#definition(name);
  }

  #importer(label: string): NodeOf | undefined {
    return [...this.#nodes.values()].find(({ role, block }) => role.kind === 'import' && block.label?.text === label);
  }

  #declare(statement: Statement): void {
    if (statement.kind !== 'block') return;
    const { label, name } = statement;
    if (name.text.startsWith('import.') && label !== null) this.#importLabels.add(label.text);
    if (name.text !== 'declare') return;
    if (label === null) this.#tell(name, 'declare needs a name, as in declare "logs" { ... }');
    else if (this.#declarations.has(label.text)) this.#tell(label, `"${label.text}" is declared twice`);
    else if (Object.hasOwn(components, label.text))
      this.#tell(label, `"${label.text}" is the name of a component already`);
    else this.#declarations.set(label.text, { block: statement, module: this });
  }

  #add(statement: Statement): void {
    if (statement.kind === 'attribute') {
      this.#tell(statement.name, `"${statement.name.text}" cannot be set here: only blocks stand outside of blocks`);
      return;
    }
    const { name, label } = statement;
    if (name.text === 'declare') return;
    const role = this.#roleOf(name.text);
    if (this.#kind === 'import' && role.kind !== 'import') {
      this.#tell(name, `an imported file may only hold declare and import blocks, not "${name.text}"`);
      return;
    }
    const problem = this.#labelProblem(statement, role);
    if (problem !== null) return this.#tell(label ?? name, problem);
    const id = label === null ? name.text : `${name.text}.${label.text}`;
    const other = this.#nodes.get(id);
    if (other !== undefined) {
      const line = other.block.source.lineOf(other.block.from);
      return this.#tell(label ?? name, `${id} is there already, in ${other.block.source.name}, line ${line}`);
    }
    const fresh = { state: 'waiting', exports: nothing, imported: null } as const;
    this.#nodes.set(id, { id, block: statement, role, refersTo: new Map(), ...fresh });
  }

  #labelProblem({ name: { text }, label }: Block, role: Role): string | null {
    if (role.kind === 'unsupported') return null;
    if (role.kind !== 'component' || role.component.labelled) {
      return label === null ? `${text} needs a label, as in ${text} "default" { ... }` : null;
    }
    if (this.#kind !== 'main') return `${text} can only stand in the configuration itself, not in a module`;
    return label === null ? null : `${text} takes no label`;
  }

  #roleOf(name: string): Role {
    if (this.#kind === 'declare' && (name === 'argument' || name === 'export')) return { kind: name };
    const component = Object.hasOwn(components, name) ? components[name] : undefined;
    if (component !== undefined) return { kind: 'component', component };
    if (name === 'import.file' || name === 'import.string') return { kind: 'import', name };
    if (this.#isCustom(name)) return { kind: 'custom' };
    return { kind: 'unsupported' };
  }

  /** Whether a name is that of a declaration, or may be one of an import, here or further out. */
  #isCustom(name: string): boolean {
    if (this.#declarations.has(name)) return true;
    const [first, second] = name.split('.');
    if (second !== undefined && this.#importLabels.has(first!)) return true;
    const outer = this.#outer;
    return outer === null ? false : outer.#isCustom(name);
  }

  #nodeOf(names: readonly Name[]): NodeOf | null {
    let id = '';
    let found: NodeOf | null = null;
    for (const { text } of names) {
      id = id === '' ? text : `${id}.${text}`;
      found = this.#nodes.get(id) ?? found;
    }
    return found;
  }

  #checkReferences(): void {
    const nodes = [...this.#nodes.values()];
    for (const { nodes: cycle, place, message } of findCycles(nodes)) {
      for (const node of cycle) node.state = 'failed';
      this.#tell(place, message);
    }
    if (!this.#loader.skipUnsupported) return;
    for (const node of findUnrelated(nodes)) {
      if (node.state !== 'waiting') continue;
      node.state = 'left out';
      const { name } = node.block;
      this.#loader.diagnostics.warning(name, `left out ${node.id}: ${name.text} has nothing to do with the logs here`);
    }
  }

  #link(node: NodeOf): void {
    for (const expression of expressionsIn(node.block.body)) {
      walk(expression, (part) => {
        const names = part.kind === 'identifier' || part.kind === 'access' ? chainOf(part) : null;
        if (names === null) return true;
        const other = this.#nodeOf(names);
        if (other !== null && !node.refersTo.has(other)) node.refersTo.set(other, names[0]!);
        return false;
      });
    }
    if (node.role.kind === 'custom') {
      const importer = this.#importer(node.block.name.text.split('.')[0]!);
      if (importer !== undefined) node.refersTo.set(importer, node.block.name);
    }
  }

  #work(node: NodeOf): void {
    if (node.state !== 'waiting') return;
    node.state = 'running';
    const exports = this.#exportsOf(node);
    node.state = exports === null ? 'failed' : 'done';
    node.exports = exports ?? nothing;
  }

  #exportsOf(node: NodeOf): ReadonlyMap<string, Value> | null {
    const { role, block } = node;
    switch (role.kind) {
      case 'component':
        return this.#component(node, role.component);
      case 'import':
        node.imported = this.#import(node, role.name);
        return node.imported === null ? null : nothing;
      case 'custom':
        return this.#custom(node);
      case 'argument':
        return this.#argument(block);
      case 'export': {
        const decoded = decodeBlock(block, exportSchema, 'export', this.#reading);
        return decoded === null ? null : new Map([['value', decoded.args.value as Value]]);
      }
      case 'unsupported': {
        const known = [
          ...Object.keys(components),
          ...Object.keys(importSchemas),
          'declare',
          ...this.#declarations.keys(),
        ];
        this.#tell(block.name, describeUnsupported(block.name.text, known, this.#loader.skipUnsupported));
        return null;
      }
    }
  }

  #component(node: NodeOf, component: Component): ReadonlyMap<string, Value> | null {
    const { graph, diagnostics } = this.#loader;
    const id = this.#prefix + node.id;
    const decoded = decodeBlock(node.block, component.schema, node.block.name.text, this.#reading);
    if (decoded !== null) {
      const readFile = (path: string) => this.#loader.readText(path);
      const errors = diagnostics.errorCount;
      const exports = component.build(decoded, { id, graph, diagnostics, readFile });
      return diagnostics.errorCount > errors ? null : new Map(Object.entries(exports));
    }
    // Others may forward to it all the same: that is no mistake of theirs.
    const isReceiver = component.exports.includes('receiver');
    return isReceiver ? new Map([['receiver', graph.receiver(id, { kind: 'failed' })]]) : null;
  }

  #argument(block: Block): ReadonlyMap<string, Value> | null {
    const decoded = decodeBlock(block, argumentSchema, 'argument', this.#reading);
    if (decoded === null) return null;
    const given = this.#args.get(block.label?.text ?? '');
    return new Map([['value', given ?? (decoded.args.default as Value)]]);
  }

  #import(node: NodeOf, name: keyof typeof importSchemas): Module | null {
    const { block } = node;
    const decoded = decodeBlock(block, importSchemas[name], name, this.#reading);
    if (decoded === null) return null;
    const place = decoded.at(name === 'import.file' ? 'filename' : 'content');
    return this.#loader.importModule(place, this.#prefix + node.id, this.#folder, decoded.args);
  }

  #custom(node: NodeOf): ReadonlyMap<string, Value> | null {
    const { block } = node;
    const { text } = block.name;
    const definition = this.#definition(text);
    if (definition === null) {
      const importer = this.#importer(text.split('.')[0]!);
      if (importer?.state !== 'failed') this.#tell(block.name, `there is no declaration of "${text}"`);
      return null;
    }
    const args = givenArguments(block, definition.block, this.#reading);
    if (args === null) return null;
    const prefix = `${this.#prefix}${node.id}/`;
    return this.#loader.instantiate(definition, prefix, args, block.name);
  }

  #describeUnknown(names: readonly Name[]): string {
    const whole = names.map((name) => name.text).join('.');
    const ids = [...this.#nodes.keys()];
    const parts = names.map((name) => name.text);
    const meant = [3, 4, 2, 1]
      .filter((length) => length <= parts.length)
      .map((length) => nearest(parts.slice(0, length).join('.'), ids))
      .find((id) => id !== null);
    const hint = meant == null ? '' : `; did you mean "${meant}"?`;
    if (names.length === 1) {
      const library = nearest(whole, [...this.#loader.library.keys()]);
      return `there is nothing called "${whole}"${hint || (library === null ? '' : `; did you mean "${library}"?`)}`;
    }
    return `there is no component that "${whole}" could belong to${hint}`;
  }

  #tell(place: Place, message: string): void {
    this.#loader.diagnostics.error(place, message);
  }
}

function expressionsIn({ statements }: Body): Expression[] {
  return statements.flatMap((statement) =>
    statement.kind === 'attribute' ? [statement.value] : expressionsIn(statement.body),
  );
}
