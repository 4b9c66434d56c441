import { styleText } from 'node:util';
import type {
  InspectedChanges,
  InspectedEntry,
  InspectedField,
  InspectedLine,
  InspectedLog,
  InspectedPass,
  InspectedStep,
} from '../protocol.js';
import { printable } from '../table.js';

type Style = Parameters<typeof styleText>[0];

/** Width of the column that says what has changed. */
const ASPECT_WIDTH = 10;

/** What `sleipnir inspect` prints for people. Bytes of the lines that a terminal would obey are written as escapes. */
export class InspectText {
  readonly #names: readonly string[];
  readonly #colors: boolean;

  /** @param names of the ways the lines take */
  constructor(names: readonly string[], colors: boolean) {
    this.#names = names;
    this.#colors = colors;
  }

  /** What holds for all lines: what is done once for the log, and what is left for each line. */
  head(path: string, isSample: boolean, logs: readonly InspectedLog[]): string {
    const hint = isSample ? ' (--path gives another)' : '';
    let text = `${this.#style('bold', 'log')} ${printable(path)}${hint}\n`;
    for (const [index, { once, each }] of logs.entries()) {
      text += `${this.#style('bold', this.#names[index] ?? '')}\n`;
      text += '  once for the log:';
      text += once.length === 0 ? ' nothing\n' : `\n${this.#steps(once, '    ')}`;
      text += `  for each line: ${each.length === 0 ? 'nothing' : printable(grouped(each))}\n`;
    }
    return `${text}\n`;
  }

  /** What became of one line. */
  line({ number, line, cut, passes }: InspectedLine): string {
    const title = line === null ? 'end' : `${number}`;
    const shown = line === null ? 'what was held back' : printable(line) + (cut ? this.#style('dim', ' (cut)') : '');
    let text = `${this.#style('bold', `${title}:`)} ${shown}\n`;
    for (const [index, each] of passes.entries()) {
      if (each.length === 0) continue;
      const isAlone = passes.length === 1;
      if (!isAlone) text += `  ${this.#style('bold', this.#names[index] ?? '')}\n`;
      text += this.#passes(each, isAlone ? '  ' : '    ');
    }
    return `${text}\n`;
  }

  /** @param component the one that we are in */
  #passes(passes: readonly InspectedPass[], indent: string, component = ''): string {
    return passes
      .map(
        ({ steps, entry }) =>
          this.#steps(steps, indent, component) + (entry === null ? '' : this.#entry(entry, indent)),
      )
      .join('');
  }

  #steps(steps: readonly InspectedStep[], indent: string, outer = ''): string {
    let text = '';
    let component = outer;
    for (const step of steps) {
      if (step.component !== component) text += `${indent}${this.#style('cyan', printable(step.component))}\n`;
      component = step.component;
      text += this.#step(step, `${indent}  `);
    }
    return text;
  }

  #step(step: InspectedStep, indent: string): string {
    const { stage, changes, counted, nested, emitted } = step;
    const inside = `${indent}  `;
    let text = `${indent}${stage}${this.#outcome(step)}\n`;
    if (nested.length > 0) text += nested.map((inner) => this.#step(inner, inside)).join('');
    // What stages inside have done is told there.
    else text += this.#changes(changes, inside);
    for (const { name, labels, add, set } of counted) {
      const pairs = labels.map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(', ');
      const change = `${set === null ? '' : `= ${set} `}${add < 0 ? '-' : '+'} ${Math.abs(add)}`;
      text += `${inside}${this.#aspect('counted')}${printable(`${name}{${pairs}}`)} ${change}\n`;
    }
    if (emitted.length > 0)
      text += `${inside}${this.#style('dim', 'let go:')}\n${this.#passes(emitted, inside, step.component)}`;
    return text;
  }

  #outcome({ outcome, reason, because, changes, counted, nested }: InspectedStep): string {
    if (outcome === 'held') return this.#style('yellow', ': held back until more lines have come');
    if (outcome === 'split') return this.#style('yellow', ': others go on in its place');
    if (outcome === 'dropped') {
      const args = Object.entries(because ?? {}).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
      const why = args.length === 0 ? '' : ` (${args.join(', ')})`;
      return this.#style('red', printable(`: dropped${reason === null ? '' : `, counted as ${reason}`}${why}`));
    }
    if (reason !== null) return this.#style('yellow', printable(`: ${reason}`));
    const isIdle = nested.length + counted.length + Object.keys(changes).length === 0;
    return isIdle ? this.#style('dim', ': nothing changes') : '';
  }

  #changes({ line, timestamp, labels, extracted, metadata }: InspectedChanges, indent: string): string {
    let text = '';
    if (line !== undefined)
      text += this.#change('line', JSON.stringify(line.before), JSON.stringify(line.after), indent);
    if (timestamp !== undefined) text += this.#change('timestamp', timestamp.before, timestamp.after, indent);
    for (const [aspect, fields] of Object.entries({ labels, extracted, metadata })) {
      text += (fields ?? []).map((field) => this.#field(aspect, field, indent)).join('');
    }
    return text;
  }

  #field(aspect: string, { name, before, after }: InspectedField, indent: string): string {
    const written = (value: InspectedField['before']): string | null =>
      value === undefined ? null : `${name} = ${JSON.stringify(value)}`;
    return this.#change(aspect, written(before), written(after), indent);
  }

  #change(aspect: string, before: string | null, after: string | null, indent: string): string {
    const start = `${indent}${this.#aspect(aspect)}`;
    const gone = before === null ? '' : `${start}${this.#style('red', `- ${printable(before)}`)}\n`;
    const come = after === null ? '' : `${start}${this.#style('green', `+ ${printable(after)}`)}\n`;
    return gone + come;
  }

  #entry({ stream, timestamp, line, metadata, tenant, cut }: InspectedEntry, indent: string): string {
    const next = `${indent}   `;
    const pairs = metadata.map(([name, value]) => `${name} = ${JSON.stringify(value)}`).join(', ');
    let text = `${indent}${this.#style('bold', '=>')} ${this.#style('magenta', printable(stream))} ${timestamp}\n`;
    text += `${next}${printable(JSON.stringify(line))}${cut ? this.#style('yellow', ' (too long: cut when it is sent)') : ''}\n`;
    if (pairs !== '') text += `${next}metadata ${printable(pairs)}\n`;
    if (tenant !== null) text += `${next}tenant ${printable(tenant)}\n`;
    return text;
  }

  #aspect(name: string): string {
    return this.#style('dim', name.padEnd(ASPECT_WIDTH));
  }

  #style(style: Style, text: string): string {
    return this.#colors && text !== '' ? styleText(style, text, { validateStream: false }) : text;
  }
}

/** The stages of each component: `loki.process.a: stage.cri, stage.json; loki.process.b: stage.drop`. */
function grouped(each: InspectedLog['each']): string {
  let text = '';
  let last = '';
  for (const { component, stage } of each) {
    if (component === last) text += `, ${stage}`;
    else text += `${text === '' ? '' : '; '}${component}: ${stage}`;
    last = component;
  }
  return text;
}
