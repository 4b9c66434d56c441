import { checkArity } from './arity.js';
import { BUILTINS } from './builtins.js';
import { print } from './fmt.js';
import { SPRIG } from './sprig.js';
import { MORE } from './sprig-more.js';
import { type Node, type Operand, type Parsed, type Pipe, parseTemplate } from './template-parse.js';

/**
 * What templates work with: whole numbers of Go are `bigint`, its floating-point numbers `number`. Undefined stands for a
 * missing value, null for nil.
 */
export type Data = string | bigint | number | boolean | null | undefined | Data[] | Map<string, Data>;
export type Func = (...args: Data[]) => Data;

const FUNCTIONS = new Map<string, Func>(Object.entries({ ...SPRIG, ...MORE, ...BUILTINS }));
/** Steps after which a template is given up: none that is of use takes as many. */
const MAX_STEPS = 100_000;
const MAX_DEPTH = 100;
const NO_VALUE = '<no value>';

/** Which values of the data a template reads: their names, or null for any. */
export type Reads = ReadonlySet<string> | null;

class Leave {
  readonly kind: 'break' | 'continue';
  constructor(kind: 'break' | 'continue') {
    this.kind = kind;
  }
}

function isTrue(value: Data): boolean {
  if (value instanceof Map) return value.size > 0;
  if (Array.isArray(value)) return value.length > 0;
  return Boolean(value);
}

/** A Go text/template, parsed once. */
export class Template {
  readonly reads: Reads;
  readonly #parsed: Parsed;

  /** Throws an Error that says what is wrong with `source`. */
  constructor(source: string) {
    this.#parsed = parseTemplate(source, (name) => FUNCTIONS.has(name));
    this.reads = readsOf(this.#parsed);
  }

  /** The text for `data`; null if it can not be made, as when a function is given what it does not take. */
  execute(data: ReadonlyMap<string, Data>): string | null {
    try {
      const run = new Execution(this.#parsed);
      run.list(this.#parsed.body, data as Map<string, Data>, new Map([['$', data as Map<string, Data>]]));
      return run.text;
    } catch (error) {
      if (error instanceof Error) return null;
      throw error;
    }
  }
}

/** Variables of a scope; assigning reaches the scope that declares. */
type Variables = Map<string, Data>;

class Execution {
  text = '';
  readonly #parsed: Parsed;
  #steps = 0;
  #depth = 0;

  constructor(parsed: Parsed) {
    this.#parsed = parsed;
  }

  list(nodes: readonly Node[], dot: Data, variables: Variables): void {
    for (const node of nodes) {
      this.#step();
      this.#node(node, dot, variables);
    }
  }

  #step(): void {
    if (++this.#steps > MAX_STEPS) throw new Error('the template does not end');
  }

  #node(node: Node, dot: Data, variables: Variables): void {
    switch (node.kind) {
      case 'text':
        this.text += node.text;
        return;
      case 'action': {
        const value = this.#pipe(node.pipe, dot, variables);
        if (node.pipe.variables.length === 0)
          this.text += value === undefined || value === null ? NO_VALUE : print(value);
        return;
      }
      case 'template':
        this.#template(node.name, node.pipe === null ? undefined : this.#pipe(node.pipe, dot, variables));
        return;
      case 'break':
      case 'continue':
        throw new Leave(node.kind);
      case 'range':
        this.#range(node, dot, variables);
        return;
      default:
        this.#branch(node, dot, variables);
    }
  }

  #branch(node: Extract<Node, { pipe: Pipe; body: Node[] }>, dot: Data, variables: Variables): void {
    const { result, inner } = this.#inScope(variables, (scope) => this.#pipe(node.pipe, dot, scope));
    const holds = isTrue(result);
    this.#inside(holds ? node.body : node.otherwise, holds && node.kind === 'with' ? result : dot, variables, inner);
  }

  /** Runs nodes in a scope of their own: what they declare ends with it, what they assign stays. */
  #inside(nodes: readonly Node[], dot: Data, outer: Variables, inner: Variables): void {
    const declared = new Set(declaredIn(nodes));
    try {
      this.list(nodes, dot, inner);
    } finally {
      for (const name of outer.keys()) if (!declared.has(name)) outer.set(name, inner.get(name));
    }
  }

  #inScope(variables: Variables, run: (scope: Variables) => Data): { result: Data; inner: Variables } {
    const inner = new Map(variables);
    return { result: run(inner), inner };
  }

  #range(node: Extract<Node, { pipe: Pipe; body: Node[] }>, dot: Data, variables: Variables): void {
    const { variables: names } = node.pipe;
    const over = this.#commands(node.pipe, dot, variables);
    if (typeof over === 'bigint' && names.length > 1) throw new Error('a range over a number has one variable');
    const items = itemsOf(over);
    if (items.length === 0) {
      this.#inside(node.otherwise, dot, variables, new Map(variables));
      return;
    }
    for (const [key, value] of items) {
      this.#step();
      const inner = new Map(variables);
      if (names.length === 1) inner.set(names[0]!, value);
      if (names.length === 2) inner.set(names[0]!, key).set(names[1]!, value);
      try {
        this.#inside(node.body, value, variables, inner);
      } catch (leave) {
        if (!(leave instanceof Leave)) throw leave;
        if (leave.kind === 'break') break;
      }
    }
  }

  #template(name: string, dot: Data): void {
    const body = this.#parsed.defined.get(name);
    if (body === undefined) throw new Error(`template ${name} is not defined`);
    if (++this.#depth > MAX_DEPTH) throw new Error('templates call each other without end');
    this.list(body, dot, new Map([['$', dot]]));
    this.#depth--;
  }

  #pipe(pipe: Pipe, dot: Data, variables: Variables): Data {
    const value = this.#commands(pipe, dot, variables);
    for (const name of pipe.variables) variables.set(name, value);
    return value;
  }

  #commands(pipe: Pipe, dot: Data, variables: Variables): Data {
    let value: Data;
    for (const [i, command] of pipe.commands.entries()) {
      value = this.#command(command, dot, variables, i > 0, value);
    }
    return value;
  }

  #command([head, ...rest]: Operand[], dot: Data, variables: Variables, piped: boolean, last: Data): Data {
    if (head!.kind !== 'function') {
      if (rest.length > 0 || piped) throw new Error('arguments are given to something that is no function');
      if (head!.kind === 'nil') throw new Error('nil is no command');
      return this.#operand(head!, dot, variables);
    }
    checkArity(head!.name, rest.length + (piped ? 1 : 0));
    // These do not look at what they need not.
    if (head!.name === 'and' || head!.name === 'or') {
      let value: Data;
      for (const operand of rest) {
        value = this.#operand(operand, dot, variables);
        if (isTrue(value) === (head!.name === 'or')) return value;
      }
      return piped ? last : value;
    }
    const args = rest.map((operand) => this.#operand(operand, dot, variables));
    if (piped) args.push(last);
    return FUNCTIONS.get(head!.name)!(...args);
  }

  #operand(operand: Operand, dot: Data, variables: Variables): Data {
    switch (operand.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return null;
      case 'constant':
        return operand.value;
      case 'variable':
        return variables.get(operand.name);
      case 'field':
        return this.#field(this.#operand(operand.of, dot, variables), operand.name);
      case 'function':
        checkArity(operand.name, 0);
        return FUNCTIONS.get(operand.name)!();
      case 'pipe':
        return this.#pipe(operand.pipe, dot, variables);
    }
  }

  #field(of: Data, name: string): Data {
    if (of === undefined) return undefined;
    if (!(of instanceof Map)) throw new Error(`there is no field ${name}`);
    return of.get(name);
  }
}

function itemsOf(over: Data): [Data, Data][] {
  if (Array.isArray(over)) return over.map((value, i) => [BigInt(i), value]);
  if (over instanceof Map) return [...over].sort(([a], [b]) => (a < b ? -1 : 1));
  if (typeof over === 'bigint') {
    if (over > MAX_STEPS) throw new Error('the range is too long');
    return Array.from({ length: Math.max(0, Number(over)) }, (_, i) => [BigInt(i), BigInt(i)]);
  }
  if (over === undefined || over === null) return [];
  throw new Error('range can not go over this');
}

function* declaredIn(nodes: readonly Node[]): Generator<string> {
  for (const node of nodes) if (node.kind === 'action' && node.pipe.declares) yield* node.pipe.variables;
}

/** Dot itself, as in `{{ . }}` or `{{ range }}`, may be all of the data. */
function readsOf({ body, defined }: Parsed): Reads {
  const names = new Set<string>();
  let all = defined.size > 0;
  const operand = (one: Operand): void => {
    if (one.kind === 'dot' || (one.kind === 'variable' && one.name === '$')) all = true;
    else if (one.kind === 'pipe') pipe(one.pipe);
    else if (one.kind === 'field') {
      const root = one.of.kind === 'dot' || (one.of.kind === 'variable' && one.of.name === '$');
      if (root) names.add(one.name);
      else operand(one.of);
    }
  };
  const pipe = ({ commands }: Pipe): void => {
    for (const command of commands) for (const one of command) operand(one);
  };
  const visit = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      if ('pipe' in node && node.pipe !== null) pipe(node.pipe);
      if ('body' in node) {
        visit(node.body);
        visit(node.otherwise);
      }
    }
  };
  visit(body);
  return all ? null : names;
}
