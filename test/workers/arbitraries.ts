import fc from 'fast-check';

const CONTENT_UNITS = [
  'a',
  'bc',
  ' ',
  '{"k":1}',
  '"',
  '\\',
  '\t',
  'é',
  '漢',
  '😀',
  '\xff',
  '\xc3',
  '\x80',
  '\0',
  '\r',
  'x'.repeat(40),
];

/** Line content without newlines, one character per byte, with broken and whole UTF-8, sometimes long. */
export const content = fc
  .array(fc.constantFrom(...CONTENT_UNITS), { maxLength: 8 })
  .map((units) =>
    units
      .map((unit) => (unit.charCodeAt(0) > 0xff || unit === 'é' ? Buffer.from(unit).toString('latin1') : unit))
      .join(''),
  );

/** Line content that is whole UTF-8, as a string. */
const utf8Content = fc
  .array(
    fc.constantFrom(
      'a',
      'bc',
      '"',
      '\\',
      '/',
      '\t',
      '\b',
      '\f',
      '\r',
      '\u0001',
      'é',
      '漢',
      '😀',
      '\ud83d',
      '\udca9',
      'x'.repeat(40),
    ),
    {
      maxLength: 8,
    },
  )
  .map((units) => units.join(''));

const two = (most: number, least = 0) => fc.integer({ min: least, max: most }).map((n) => String(n).padStart(2, '0'));

const zone = fc.oneof({ weight: 4, arbitrary: fc.constant('Z') }, fc.constantFrom('+02:00', '-05:30', '+00:00'));

/** RFC 3339, mostly of one second, so that what is remembered of it is used. */
export const stamp = fc
  .record({
    date: fc.oneof(
      { weight: 6, arbitrary: fc.constant('2026-08-01T12:34:56') },
      fc
        .tuple(fc.integer({ min: 1970, max: 2262 }), two(12, 1), two(31, 1), two(23), two(59), two(59))
        .map(([year, month, day, hour, minute, second]) => `${year}-${month}-${day}T${hour}:${minute}:${second}`),
      fc.constantFrom(
        '1969-12-31T23:59:59',
        '2024-02-29T00:00:00',
        '2023-02-29T00:00:00',
        '2026-13-01T00:00:00',
        '2016-12-31T23:59:60',
        '2262-04-11T23:47:15',
      ),
    ),
    fraction: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 999_999_999 }).map((n) => `.${String(n).padStart(9, '0')}`) },
      fc.integer({ min: 0, max: 999_999 }).map((n) => `.${n}`),
      fc.constantFrom('', '.000000001', '.999999999'),
    ),
    zone,
  })
  .map(({ date, fraction, zone }) => date + fraction + zone);

const criLine = fc
  .record({
    stamp,
    stream: fc.constantFrom('stdout', 'stderr'),
    tags: fc.oneof({ weight: 4, arbitrary: fc.constantFrom('F', 'P') }, fc.constantFrom('F:x', 'P:a:b')),
    content,
    ending: fc.constantFrom('', '', '', '\r'),
    bare: fc.constantFrom(false, false, false, true),
  })
  .map(({ stamp, stream, tags, content, ending, bare }) =>
    bare ? `${stamp} ${stream} ${tags}` : `${stamp} ${stream} ${tags} ${content}${ending}`,
  );

const almostCri = fc
  .tuple(criLine, fc.nat(40), fc.constantFrom('', ' ', 'x', '9', ':'))
  .map(([line, at, instead]) => line.slice(0, at) + instead + line.slice(at + 1));

export const dockerRecord = fc.record({
  log: utf8Content,
  ended: fc.constantFrom(true, true, true, false),
  stream: fc.constantFrom('stdout', 'stderr'),
  time: stamp,
  extra: fc.option(fc.jsonValue()),
  swapped: fc.boolean(),
});

const dockerText = dockerRecord.map(({ log, ended, stream, time, extra, swapped }) => {
  const ending = ended ? '\n' : '';
  const members = swapped
    ? { time, attrs: extra, stream, log: log + ending }
    : { attrs: extra, log: log + ending, stream, time };
  const json = JSON.stringify(members);
  return swapped ? `\t${json.replaceAll('","', '" , "')} \r` : json;
});

const almostDocker = fc
  .tuple(dockerText, fc.nat(80), fc.constantFrom('', ' ', '"', '\\', '}', ','))
  .map(([line, at, instead]) => line.slice(0, at) + instead + line.slice(at + 1));

const dockerLine = fc
  .oneof({ weight: 8, arbitrary: dockerText }, almostDocker)
  .map((line) => Buffer.from(line).toString('latin1'));

const oddLine = fc.constantFrom(
  '',
  '\r',
  'plain text',
  '{',
  '{}',
  '2026',
  '[1]',
  '2026-08-01T12:34:56Z stdout',
  'y'.repeat(300),
);

function fileOf(line: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.array(line, { maxLength: 12 }), fc.boolean())
    .map(([lines, ended]) => Buffer.from(lines.join('\n') + (ended && lines.length > 0 ? '\n' : ''), 'latin1'));
}

export const criFile = fileOf(
  fc.oneof({ weight: 8, arbitrary: criLine }, { weight: 1, arbitrary: almostCri }, { weight: 1, arbitrary: oddLine }),
);
export const dockerFile = fileOf(fc.oneof({ weight: 9, arbitrary: dockerLine }, oddLine));
export const rawFile = fileOf(fc.oneof(content, oddLine));
