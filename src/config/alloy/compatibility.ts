import type { Argument, BlockUse, Compatibility, Schema, Variant } from './schema.js';
import { deprecatedNames, libraryNames } from './stdlib.js';
import { components } from './tables/components.js';
import { metrics } from './tables/metrics.js';
import { argumentSchema, exportSchema, importSchemas } from './tables/modules.js';
import { stages } from './tables/stages.js';

/** Functions of `stage.template`, which live with the stages. */
export interface TemplateFunctions {
  /** Those Alloy adds. */
  own: readonly string[];
  /** Those of the sprig library. */
  sprig: readonly string[];
}

/** The page `docs/alloy-compatibility.md`, made from the tables that configurations are checked against. */
export function compatibilityPage(functions: TemplateFunctions): string {
  const parts = [
    introduction,
    '## Components and settings\n',
    ...Object.entries(components).map(([name, component]) => section('###', name, component)),
    '## Stages of `loki.process`\n',
    ...Object.entries(stages).map(([name, stage]) => section('###', name, stage)),
    '### Blocks of `stage.metrics`\n',
    ...Object.entries(metrics).map(([name, metric]) => section('####', name, metric)),
    templates(functions),
    '## Modules\n',
    'Custom components may be used like any other. An imported file may hold `declare` and `import` blocks only.\n',
    section('###', 'declare', { schema: { args: {}, blocks: {} }, compatibility: { is: 'same' } }),
    section('###', 'argument', { schema: argumentSchema, compatibility: { is: 'same' } }),
    section('###', 'export', { schema: exportSchema, compatibility: { is: 'same' } }),
    ...Object.entries(importSchemas).map(([name, schema]) =>
      section('###', name, { schema, compatibility: { is: 'same' } }),
    ),
    library(),
  ];
  return `${parts.join('\n').trimEnd()}\n`;
}

const introduction = `# Alloy compatibility

What becomes of a Grafana Alloy configuration that Sleipnir runs (\`sleipnir run FILE\`, or \`SLEIPNIR_CONFIG\`, which may be a
folder as well). Each component, argument and stage is one of:

- **same**: it does what it does in Alloy.
- **differs**: it is taken, and does something else; the text says what and why. Where Alloy loses or repeats lines, we do not.
- **refused**: a configuration that uses it is not loaded, and the answer names file, line and column.

What is not on this page is refused. With \`--skip-unsupported\`, components that have nothing to do with logs are left out instead.

## Syntax

The whole expression and block syntax is the same. Three things differ:

| what | here |
|---|---|
| strings whose \`\\ooo\` and \`\\xHH\` make bytes that are not UTF-8 | refused |
| nesting deeper than 200, more than 500 operations in a row | refused |
| regular expressions of more than 10,000 instructions, with repetitions such as \`.{1000}\` written out; in a template, of more than 4,096 characters | refused: on unlucky lines each instruction costs a step for each character, and a template may make its pattern of a line |

Durations are those of Go (\`1h30m\`, no days); sizes have a unit, and \`1KB\` and \`1KiB\` both are 1024 bytes. Regular expressions are
RE2 as Go has it, where several groups may share a name, and are checked when the configuration is loaded. Several
mistakes are told at once.
`;

interface Described {
  schema: Schema;
  compatibility: Compatibility;
  exports?: readonly string[];
}

function section(level: string, name: string, { schema, compatibility, exports = [] }: Described): string {
  const rows = rowsOf(schema, '');
  const exported = exports.length === 0 ? '' : ` Exports ${exports.map((each) => `\`${each}\``).join(', ')}.`;
  const lines = [`${level} \`${name}\`\n`, `${sentence(verdict(compatibility))}${exported}\n`];
  if (rows.length > 0) lines.push('| argument | type | default | |\n|---|---|---|---|', ...rows, '');
  return lines.join('\n');
}

function sentence(text: string): string {
  return text === 'same' ? 'Same.' : `${text}.`;
}

function rowsOf({ args, blocks, variants }: Schema, inside: string): string[] {
  const own = Object.entries(args).map(([name, argument]) => argumentRow(`${inside}${name}`, argument));
  const inner = Object.entries(blocks).flatMap(([name, use]) => blockRows(name, use, inside));
  const ordered = variants === undefined ? [] : [orderedRow(inside, variants())];
  return [...own, ...inner, ...ordered];
}

function argumentRow(name: string, { type, required, fallback, compatibility }: Argument<unknown>): string {
  return row(
    `\`${name}\``,
    type.name,
    required ? 'required' : defaultText(type.name, fallback),
    verdict(compatibility),
  );
}

function blockRows(name: string, { schema, use, compatibility }: BlockUse, inside: string): string[] {
  const often = { optional: 'optional', required: 'required', many: 'any number', 'at least one': 'at least one' }[use];
  const head = row(`\`${inside}${name} { }\``, 'block', often, verdict(compatibility));
  return [head, ...rowsOf(schema as Schema, `${inside}${name}.`)];
}

function orderedRow(inside: string, variants: Readonly<Record<string, Variant<unknown>>>): string {
  const [first] = Object.keys(variants);
  return row(`\`${inside}${first?.split('.')[0]}.* { }\``, 'block', 'any number', 'same, in the order of the file');
}

function row(...cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

function verdict(compatibility: Compatibility): string {
  switch (compatibility.is) {
    case 'same':
      return 'same';
    case 'differs':
      return `**differs**: ${compatibility.how}`;
    case 'refused':
      return `**refused**: ${compatibility.why}`;
  }
}

function defaultText(type: string, value: unknown): string {
  if (value === null || value === undefined) return 'none';
  if (typeof value === 'number' && type === 'duration') return `\`${durationText(value)}\``;
  if (typeof value === 'number' && type === 'bytes') return `\`${sizeText(value)}\``;
  if (Array.isArray(value)) return type.startsWith('map') ? '`{}`' : '`[]`';
  return `\`${typeof value === 'string' ? JSON.stringify(value) : String(value)}\``;
}

function durationText(ms: number): string {
  const units: [name: string, ms: number][] = [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ];
  const [name, size] = units.find(([, size]) => ms > 0 && ms % size === 0) ?? (ms === 0 ? ['s', 1] : ['ms', 1]);
  return `"${ms / size}${name}"`;
}

function sizeText(bytes: number): string {
  return bytes > 0 && bytes % 2 ** 20 === 0 ? `"${bytes / 2 ** 20}MiB"` : `"${bytes}B"`;
}

function templates({ own, sprig }: TemplateFunctions): string {
  const listed = (names: readonly string[]): string =>
    [...names]
      .sort()
      .map((name) => `\`${name}\``)
      .join(', ');
  return `### Functions of \`stage.template\` and \`stage.replace\`

Those of text/template and of Alloy: ${listed(own)}.

Of sprig: ${listed(sprig)}.

A template that uses another one is refused. Those that ask the clock, chance, the network or the environment are not there, so
that a line that is read again comes to the same entry; nor are those for certificates, versions and types.
`;
}

function library(): string {
  const old = Object.entries(deprecatedNames).map(([name, now]) => `\`${name}\` (\`${now}\`)`);
  return `## Standard library

All of these are there and do the same: ${libraryNames.map((name) => `\`${name}\``).join(', ')}.

The older names work too: ${old.join(', ')}.

What differs: \`string.format\` refuses values that a verb does not take, where Alloy writes \`%!d(string=x)\`, the verbs
\`%*d\` and \`%[1]d\`, and secrets, which Alloy prints, as it does in \`encoding.to_json\`; \`json_path\` knows \`$\`, names, indexes,
slices, \`*\` and \`..\`, but no filters; \`encoding.from_base64\` and \`encoding.url_decode\` refuse bytes that are not UTF-8;
\`constants.version\` is our version; \`array.combine_maps\` and \`array.group_by\` need no stability flag, and do not take the
targets of \`local.file_match\`.
`;
}
