import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseLabels } from '../../../bench/receiver/labels.js';
import { defaultLabelRegex } from '../../../src/config/labels.js';
import { Labeler, labelBlock } from '../../../workers/label/labels.js';
import { POD_PATH, spec } from '../harness.js';

const text = (block: Uint8Array) => Buffer.from(block).toString();

describe('labels', () => {
  test('named groups of the path are labels, sorted', () => {
    const { matched, blocks } = new Labeler(spec()).of(POD_PATH);
    assert.equal(matched, true);
    assert.deepEqual(blocks.map(text), ['{container="app", namespace="shop", pod="web-1"}']);
  });

  test('static labels are added, those of the path win, empty ones are left out', () => {
    const staticLabels: [string, string][] = [
      ['cluster', 'c1'],
      ['pod', 'static'],
      ['zone', ''],
    ];
    const labelRegex = '/pods/(?P<namespace>[^_]+)_(?P<pod>[^_]+)_(?P<none>x?)';
    const labeler = new Labeler({ ...spec(), staticLabels, labelRegex });
    assert.deepEqual(labeler.of(POD_PATH).blocks.map(text), ['{cluster="c1", namespace="shop", pod="web-1"}']);
  });

  test('a path that does not match bears its filename', () => {
    const labeler = new Labeler({ ...spec(), staticLabels: [['cluster', 'c1']] });
    const { matched, blocks } = labeler.of('/tmp/a "b"\\.log');
    assert.equal(matched, false);
    assert.deepEqual(blocks.map(text), ['{cluster="c1", filename="/tmp/a \\"b\\"\\\\.log"}']);
  });

  test('a stream without any label bears the filename too', () => {
    const { matched, blocks } = new Labeler({ ...spec(), labelRegex: '.*', staticLabels: [] }).of('/x');
    assert.equal(matched, true);
    assert.deepEqual(blocks.map(text), ['{filename="/x"}']);
  });

  test('in the mode label, there is a block for each stream', () => {
    const { blocks } = new Labeler({ ...spec('label'), labelRegex: '(?P<z>app)' }).of(POD_PATH);
    assert.deepEqual(blocks.map(text), ['{z="app"}', '{stream="stdout", z="app"}', '{stream="stderr", z="app"}']);
  });

  test('both engines find the same labels', () => {
    const part = fc.stringMatching(/^[/_.a-z0-9😀-]{0,12}$/u);
    const pod = fc.tuple(part, part, part, part, part).map(([a, b, c, d, e]) => `/x${a}_${b}y_${c}/${d}z/${e}.log`);
    const path = fc.oneof(fc.string(), pod);
    const regexes = [defaultLabelRegex, '(?P<a>[^/]+)(/)(?P<b>x)?', '^/(?P<first>[a-z]+)_(?:(?P<n>[0-9]+)|-)'];
    for (const labelRegex of regexes) {
      const labeler = new Labeler({ ...spec(), labelRegex });
      // Only RE2 knows such classes.
      const slow = new Labeler({ ...spec(), labelRegex: `(?:${labelRegex})(?:\\pZ\\PZ)?` });
      fc.assert(fc.property(path, (it) => assert.deepEqual(labeler.of(it), slow.of(it))));
    }
  });

  test('a path is worked out once', () => {
    const labeler = new Labeler(spec());
    const first = labeler.of(POD_PATH);
    assert.equal(labeler.of(POD_PATH), first);
    for (let i = 0; i < 5000; i++) labeler.of(`/x/${i}`);
    assert.deepEqual(labeler.of(POD_PATH), first);
  });

  test('any value comes back from a parser of Go strings', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc
        .array(fc.constantFrom('"', '\\', '\n', '\t', '\0', '\x7f', '\x85', '\ufeff', '\u2028', 'n', 'x41', '😀'))
        .map((a) => a.join('')),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,9}$/)),
        fc.array(value),
        (names, values) => {
          const labels = new Map(names.map((name, i) => [name, values[i] ?? 'v']));
          const want = [...labels].filter(([, value]) => value !== '').sort(([a], [b]) => (a < b ? -1 : 1));
          assert.deepEqual(parseLabels(text(labelBlock(labels))), want);
        },
      ),
    );
    // Loki's parser refuses the replacement character unless it is escaped.
    for (const bad of ['\ud83d', '\ufffd']) {
      assert.equal(text(labelBlock(new Map([['a', `x${bad}😀`]]))), '{a="x\\ufffd😀"}');
    }
  });
});
