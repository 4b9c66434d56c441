import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';

interface Instruction {
  keyword: string;
  /** Everything after the keyword, on one line. */
  text: string;
}

interface Stage {
  /** The image it begins with, or the name of an earlier stage. */
  from: string;
  name: string;
  instructions: Instruction[];
}

const root = new URL('../../', import.meta.url);
const read = (file: string): Promise<string> => readFile(new URL(file, root), 'utf8');

const dockerfile = await read('Dockerfile');
interface Package {
  version: string;
  license: string;
  bin: { sleipnir: string };
  scripts: { start: string };
}

const { version, license, bin, scripts }: Package = JSON.parse(await read('package.json'));
/** What .dockerignore lets into the build. */
const context = (await read('.dockerignore')).match(/^!.*/gm)?.map((line) => line.slice(1)) ?? [];

/** The stages of a Dockerfile. Reads what ours uses: no heredocs, no parser directives, no ARG before the first FROM. */
function stagesOf(text: string): Stage[] {
  const stages: Stage[] = [];
  const lines = text.replace(/^\s*#.*\n/gm, '').replace(/\\\n/g, ' ');
  for (const [, keyword = '', rest = ''] of lines.matchAll(/^\s*([A-Za-z]+)\s+(.*?)\s*$/gm)) {
    if (keyword.toUpperCase() === 'FROM') {
      const [from = '', , name = ''] = rest.split(/\s+/);
      stages.push({ from, name, instructions: [] });
    } else {
      stages.at(-1)?.instructions.push({ keyword: keyword.toUpperCase(), text: rest });
    }
  }
  return stages;
}

/** The words of an instruction in argv form, or undefined in shell form. */
function argvOf(text: string): string[] | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Everything about a Dockerfile that we would not ship. */
function mistakesOf(text: string): string[] {
  const stages = stagesOf(text);
  const names = stages.map((stage) => stage.name);
  const mistakes = stages.flatMap(({ from, instructions }, index) => {
    const earlier = names.slice(0, index);
    return [
      ...(earlier.includes(from) || /:[\w.-]+@sha256:[0-9a-f]{64}$/.test(from) ? [] : [`${from} is not pinned`]),
      ...instructions.flatMap((instruction) => copyMistakes(instruction, earlier)),
      ...instructions
        .filter(({ keyword, text }) => keyword !== 'COPY' && /npm (start|install|i)\b/.test(text))
        .map(({ text }) => `"${text}"`),
    ];
  });
  const last = stages.at(-1)?.instructions ?? [];
  for (const keyword of ['ENTRYPOINT', 'CMD', 'RUN']) {
    const found = last.filter((instruction) => instruction.keyword === keyword);
    if (found.length === 0) mistakes.push(`no ${keyword}`);
    for (const { text } of found) if (!argvOf(text)) mistakes.push(`${keyword} in shell form`);
  }
  return mistakes;
}

function copyMistakes({ keyword, text }: Instruction, stages: string[]): string[] {
  if (keyword === 'ADD') return [`ADD ${text}`];
  if (keyword !== 'COPY') return [];
  const words = text.split(/\s+/);
  const stage = /^--from=(.*)$/.exec(words[0] ?? '')?.[1];
  if (stage !== undefined) return stages.includes(stage) ? [] : [`no stage ${stage}`];
  return words
    .slice(0, -1)
    .map((path) => path.replace(/\/$/, ''))
    .filter((path) => !existsSync(new URL(path, root)) || !context.includes(path))
    .map((path) => `${path} is not in the build context`);
}

suite('Dockerfile', () => {
  const stages = stagesOf(dockerfile);
  const last = stages.at(-1)!;
  const texts = (keyword: string): string[] =>
    last.instructions.filter((instruction) => instruction.keyword === keyword).map(({ text }) => text);

  test('has pinned bases, files that exist, and no shell at run time', () => {
    assert.deepEqual(mistakesOf(dockerfile), []);
  });

  test('builds and runs on the same line of Node', () => {
    const images = stages.filter(({ from }) => from.includes('@')).map(({ from }) => from.split('@')[0]);
    assert.deepEqual(images, ['node:26.11.1-trixie-slim', 'gcr.io/distroless/nodejs26-debian13:nonroot']);
  });

  test('starts the command of the package, as root, and ends it by SIGTERM', () => {
    const [entry = []] = texts('ENTRYPOINT').map(argvOf);
    const [command = []] = texts('CMD').map(argvOf);
    assert.deepEqual([entry[0], entry.at(-1), command], ['/nodejs/bin/node', `/app/${bin.sleipnir}`, ['run']]);
    const words = scripts.start.split(' ');
    const environment = words.slice(0, words.indexOf('node'));
    assert.deepEqual(words.slice(words.indexOf('node')), ['node', ...entry.slice(1, -1), bin.sleipnir, ...command]);
    assert.ok(environment.every((variable) => texts('ENV').some((text) => text.split(' ').includes(variable))));
    assert.deepEqual(texts('WORKDIR'), ['/app']);
    assert.deepEqual(texts('USER'), ['0:0']);
    assert.deepEqual(texts('STOPSIGNAL'), ['SIGTERM']);
  });

  test('holds the license, the build and production dependencies, nothing else', () => {
    assert.deepEqual(texts('COPY'), [
      'LICENSE package.json ./',
      '--from=dependencies /app/node_modules/ node_modules/',
      '--from=build /app/dist/ dist/',
    ]);
    const installs = stages.find(({ name }) => name === 'dependencies')?.instructions;
    assert.deepEqual(installs, [{ keyword: 'RUN', text: 'npm ci --omit=dev --ignore-scripts' }]);
  });

  test('lets into the build what it copies, and nothing else', () => {
    const copied = stages
      .flatMap(({ instructions }) => instructions)
      .filter(({ keyword, text }) => keyword === 'COPY' && !text.startsWith('--from='))
      .flatMap(({ text }) => text.split(/\s+/).slice(0, -1))
      .map((path) => path.replace(/\/$/, ''));
    assert.deepEqual([...context].sort(), [...new Set(copied)].sort());
  });

  test('bears the version and license of the package', () => {
    const labels = new Map(
      [
        ...texts('LABEL')
          .join(' ')
          .matchAll(/org\.opencontainers\.image\.(\w+)="([^"]*)"/g),
      ].map(([, name, value]) => [name, value] as const),
    );
    assert.deepEqual([...labels.keys()], ['title', 'description', 'version', 'revision', 'licenses']);
    assert.equal(labels.get('version'), version);
    assert.equal(labels.get('licenses'), license);
  });

  for (const [name, from, to, mistake] of [
    ['a tag without digest', /@sha256:\w+/, '', 'node:26.11.1-trixie-slim is not pinned'],
    ['a digest cut short', /(@sha256:\w+)\w/, '$1', /is not pinned$/],
    ['a shell in ENTRYPOINT', /ENTRYPOINT .*/, 'ENTRYPOINT node dist/cli.js', 'ENTRYPOINT in shell form'],
    ['no ENTRYPOINT', /ENTRYPOINT .*/, '', 'no ENTRYPOINT'],
    ['npm start', /CMD .*/, 'CMD ["npm start"]', '"["npm start"]"'],
    ['npm install', 'npm ci --omit=dev', 'npm install --omit=dev', '"npm install --omit=dev --ignore-scripts"'],
    ['a file that is not there', 'COPY tsconfig.json', 'COPY tsconfig.jsn', 'tsconfig.jsn is not in the build context'],
    ['a file that is ignored', 'COPY tsconfig.json', 'COPY biome.json', 'biome.json is not in the build context'],
    ['a stage that is not there', '--from=build', '--from=builder', 'no stage builder'],
  ] as const) {
    test(`is refused with ${name}`, () => {
      const mistakes = mistakesOf(dockerfile.replace(from, to));
      assert.equal(mistakes.length, 1, JSON.stringify(mistakes));
      if (typeof mistake === 'string') assert.equal(mistakes[0], mistake);
      else assert.match(mistakes[0]!, mistake);
    });
  }
});
