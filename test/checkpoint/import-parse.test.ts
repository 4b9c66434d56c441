import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePositions } from '../../src/checkpoint/import-parse.js';

describe('a positions file', () => {
  it('of Alloy', () => {
    const text = `positions:
  ? path: /var/log/pods/ns_pod_uid/c/0.log
    labels: '{container="c", namespace="ns"}'
  : "17623"
  ? path: /var/log/pods/ns_pod_uid/d/0.log
  : 5
  ? path: cursor-loki.source.journal.j
    labels: '{}'
  : s=abc
other: ignored
`;
    assert.deepEqual(parsePositions(text), [
      { path: '/var/log/pods/ns_pod_uid/c/0.log', value: '17623' },
      { path: '/var/log/pods/ns_pod_uid/d/0.log', value: '5' },
    ]);
  });

  it('of Promtail', () => {
    const text = `positions:
  /var/log/a.log: "9007199254740993"
  /var/log/b.log: 12
  /var/log/c.log: ""
  /var/log/d.log:
  cursor-journal: s=abc
  journal-a: "1"
`;
    assert.deepEqual(parsePositions(text), [
      { path: '/var/log/a.log', value: '9007199254740993' },
      { path: '/var/log/b.log', value: '12' },
      { path: '/var/log/c.log', value: '' },
      { path: '/var/log/d.log', value: '' },
    ]);
  });

  it('may be empty', () => {
    for (const text of ['', '# nothing', 'positions: {}', 'positions:', 'a: b']) {
      assert.deepEqual(parsePositions(text), [], text);
    }
  });

  it('is refused when it is none', () => {
    for (const text of ['positions: [1]', 'a', '[a]', 'positions:\n  "/a: 1', '\0', 'positions: 5']) {
      assert.throws(() => parsePositions(text), { code: 'POSITIONS_UNREADABLE' }, text);
    }
  });
});
