import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ownConfig, placed } from '../../../bench/load/alloy-config.js';

const PLACE = {
  paths: ['/t/pods/*/*/*.log'],
  roots: ['/t/pods'],
  url: 'http://127.0.0.1:31',
  pushUrl: 'http://127.0.0.1:31/push',
  stateDir: '/t/state',
};

test('the file of most users is measured as it is, but for the path and the URL', () => {
  const { text } = ownConfig('pod-logs.alloy', true);
  assert.equal(text, readFileSync('test/config/alloy/fixtures/pod-logs.alloy', 'utf8'));
  const expected = text
    .split('/var/log/pods')
    .join('/t/pods')
    .split('http://loki.monitoring:3100/loki/api/v1/push')
    .join('http://127.0.0.1:31/push');
  assert.equal(placed(text, PLACE), expected);
});

test('every endpoint is the receiver, however it is written, and what only looks like one is left alone', () => {
  const text = 'url="https://loki.example/push" url   = "x"\nproxy_url = "http://proxy" token_url = "http://token"';
  const expected = `url="${PLACE.pushUrl}" url   = "${PLACE.pushUrl}"\nproxy_url = "http://proxy" token_url = "http://token"`;
  assert.equal(placed(text, PLACE), expected);
});

test('two pods folders cannot stand for one', () => {
  assert.throws(() => placed('', { ...PLACE, roots: ['/a', '/b'] }), { code: 'BENCH_CONFIG' });
});
