import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mistakeIn } from '../../../workers/stages/check.js';
import { specOf } from './harness.js';

test('tells what is wrong with a stage', () => {
  assert.equal(mistakeIn(specOf({ cri: {} })), null);
  assert.match(mistakeIn(specOf({ regex: { expression: '(' } }))!, /RE2/);
  assert.match(mistakeIn(specOf({ template: { source: 'a', template: '{{ x }}' } }))!, /"x" is not defined/);
  assert.match(mistakeIn(specOf({ geoip: { db: '/none.mmdb', source: 'ip', dbType: 'city' } }))!, /none\.mmdb/);
  assert.match(mistakeIn(specOf({ match: { selector: '{' } }))!, /label matcher/);
  const nested = { match: { selector: '{a="b"}', stages: [{ regex: { expression: '(' } }] } };
  assert.equal(mistakeIn(specOf(nested)), null);
});
