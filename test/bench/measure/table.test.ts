import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median } from '../../../bench/measure/median.js';
import { figure, mebibytes, pairs, table } from '../../../bench/measure/table.js';

test('columns are as wide as what is in them', () => {
  assert.equal(
    table(
      ['', 'a'],
      [
        ['long name', '1'],
        ['b', '1,234'],
      ],
    ),
    '               a\n---------  -----\nlong name      1\nb          1,234\n',
  );
  assert.equal(
    pairs([
      ['a', '1'],
      ['bcd', '2'],
    ]),
    'a    1\nbcd  2\n',
  );
});

test('figures have three digits that count', () => {
  assert.deepEqual([0, 0.001234, 1.236, 12.34, 99.99, 1234.5, Number.NaN].map(figure), [
    '0',
    '0.00123',
    '1.24',
    '12.3',
    '100',
    '1,235',
    '-',
  ]);
  assert.deepEqual(
    [1.5, 256, 2048].map((mib) => mebibytes(mib * 2 ** 20)),
    ['1.5 MiB', '256 MiB', '2,048 MiB'],
  );
});

test('the median is the middle', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.ok(Number.isNaN(median([])));
});
