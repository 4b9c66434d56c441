import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileLayout } from '../../../../workers/stages/go/time.js';
import { Zone } from '../../../../workers/stages/go/zone.js';

/** What a text comes to; null if the layout does not take it. */
function read(layout: string, text: string, location: string | null = null): string | null {
  const instant = compileLayout(layout, location === null ? null : new Zone(location))(text);
  return instant === null ? null : new Date(instant.seconds * 1000 + instant.nanos / 1e6).toISOString();
}

// All outcomes are those of Go's own time package.

test('abbreviations of the zone of a location, whatever the country', () => {
  const layout = '2006-01-02 15:04 MST';
  const cases = [
    ['Europe/Berlin', 'CEST', '2026-07-01T08:00:00.000Z'],
    ['Europe/Berlin', 'CET', '2026-07-01T09:00:00.000Z'],
    ['Europe/London', 'BST', '2026-07-01T09:00:00.000Z'],
    ['Europe/London', 'GMT', '2026-07-01T10:00:00.000Z'],
    ['Europe/Moscow', 'MSK', '2026-07-01T07:00:00.000Z'],
    ['America/New_York', 'EDT', '2026-07-01T14:00:00.000Z'],
    ['America/New_York', 'EST', '2026-07-01T15:00:00.000Z'],
    ['America/New_York', 'PST', '2026-07-01T10:00:00.000Z'],
    ['America/St_Johns', 'NDT', '2026-07-01T12:30:00.000Z'],
    ['America/Sao_Paulo', '-03', '2026-07-01T13:00:00.000Z'],
    ['America/Sao_Paulo', '-04', '2026-07-01T10:00:00.000Z'],
    ['Asia/Shanghai', 'CST', '2026-07-01T02:00:00.000Z'],
    ['Asia/Kolkata', 'IST', '2026-07-01T04:30:00.000Z'],
    ['Asia/Jerusalem', 'IDT', '2026-07-01T07:00:00.000Z'],
    ['Asia/Makassar', 'WITA', '2026-07-01T02:00:00.000Z'],
    ['Asia/Tokyo', 'JST', '2026-07-01T01:00:00.000Z'],
    ['Australia/Sydney', 'AEST', '2026-07-01T00:00:00.000Z'],
    ['Australia/Sydney', 'AEDT', '2026-06-30T23:00:00.000Z'],
  ] as const;
  for (const [location, zone, instant] of cases)
    assert.equal(read(layout, `2026-07-01 10:00 ${zone}`, location), instant, `${zone} in ${location}`);
});

test('abbreviations that no location explains', () => {
  const layout = '2006-01-02 15:04 MST|';
  for (const zone of ['UTC', 'GMT', 'CEST', 'GMT+3', 'GMT-12', 'GMT+023', '+03', '-3', 'WITA', 'ChST', 'MeST', 'ABCT'])
    assert.equal(read(layout, `2026-07-01 10:00 ${zone}|`), '2026-07-01T10:00:00.000Z', zone);
  for (const zone of ['Z', 'AB', 'ABCD', 'ABCDE', 'ABCDET', 'cest', 'GMT+24', 'GMT+', '+24', '-', '+0330', 'UTCX', ''])
    assert.equal(read(layout, `2026-07-01 10:00 ${zone}|`), null, zone);
});

test('the day of the year', () => {
  assert.equal(read('2006 __2', '2026   5'), '2026-01-05T00:00:00.000Z');
  assert.equal(read('2006 __2', '2026  32'), '2026-02-01T00:00:00.000Z');
  assert.equal(read('2006-__2|', '2026-5|'), '2026-01-05T00:00:00.000Z');
  assert.equal(read('2006-002|', '2026-05|'), null);
  assert.equal(read('2006-002', '2024-060'), '2024-02-29T00:00:00.000Z');
  assert.equal(read('2006-002', '2024-366'), '2024-12-31T00:00:00.000Z');
  assert.equal(read('2006-002', '2025-366'), null);
  assert.equal(read('2006-002', '2025-000'), null);
  // Beside a month or a day it must be the same one.
  assert.equal(read('2006-002 Jan 2', '2025-060 Mar 1'), '2025-03-01T00:00:00.000Z');
  assert.equal(read('2006-002 Jan', '2025-060 Feb'), null);
  assert.equal(read('2006-002 2', '2025-060 2'), null);
  assert.equal(read('2006-002 Jan 2', '2025-400 Mar 1'), null);
});

test('the first centuries of a location are not those of the twentieth', () => {
  assert.equal(read('2006-01-02', '0099-01-01', 'America/New_York'), '0099-01-01T04:56:02.000Z');
  assert.equal(read('2006-01-02', '0001-01-01', 'Europe/Berlin'), '0000-12-31T23:06:32.000Z');
});

test('Z wins over an offset elsewhere', () => {
  assert.equal(read('2006-01-02T15Z07:00 -0700', '2026-07-01T10Z +0200'), '2026-07-01T10:00:00.000Z');
  assert.equal(read('2006-01-02T15 -0700 MST', '2026-07-01T10 +0200 UTC'), '2026-07-01T10:00:00.000Z');
});
