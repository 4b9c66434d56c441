import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compressedMatcherOf, createMatcher } from '../../src/discover/match.js';
import { readPodPath } from '../../src/discover/pod-path.js';

const ALL = '/var/log/pods/*/*/*.log';
const LOG = '/var/log/pods/default_web_uid/app/0.log';

test('a wanted log and everything rotation makes of it', () => {
  const match = createMatcher([ALL], []);
  assert.deepEqual(match(LOG), { log: LOG, suffix: '', gzip: false });
  assert.deepEqual(match(`${LOG}.20260101-000000`), { log: LOG, suffix: '20260101-000000', gzip: false });
  assert.deepEqual(match(`${LOG}.20260101-000000.gz`), { log: LOG, suffix: '20260101-000000', gzip: true });
  assert.equal(match('/var/log/pods/default_.hidden_uid/.app/0.log')?.suffix, '');
});

test('what is not wanted', () => {
  const match = createMatcher([ALL], []);
  for (const path of [
    `${LOG}.20260101-000000.tmp`,
    `${LOG}.bak`,
    '/var/log/pods/default_web_uid/0.log',
    '/var/log/pods/default_web_uid/app/deeper/0.log',
    '/var/log/pods/default_web_uid/app/0.txt',
    '/var/log/containers/web/app/0.log',
  ]) {
    assert.equal(match(path), null, path);
  }
});

test('unfinished files are never wanted', () => {
  assert.equal(createMatcher(['/logs/*'], [])('/logs/app.log.tmp'), null);
});

test('what is left out is left out under every name', () => {
  const match = createMatcher([ALL, '/logs/*.log'], ['/var/log/pods/kube-system_*/**', '/logs/noisy.log']);
  assert.equal(match('/var/log/pods/kube-system_dns_uid/dns/0.log'), null);
  assert.equal(match('/var/log/pods/kube-system_dns_uid/dns/0.log.20260101-000000.gz'), null);
  assert.equal(match('/logs/noisy.log.1'), null);
  assert.equal(match('/logs/calm.log.1')?.log, '/logs/calm.log');
  assert.equal(match(LOG)?.log, LOG);
});

test('namespace, pod and container of a path', () => {
  assert.deepEqual(readPodPath(LOG), { namespace: 'default', pod: 'web', container: 'app' });
  assert.deepEqual(readPodPath('/logs/app.log'), { namespace: '', pod: '/logs/app.log', container: '' });
});

test('a compressed log is the file of its name, whatever that says of rotation', () => {
  const match = compressedMatcherOf((path) => path.endsWith('.gz'));
  const path = '/logs/app.log.1.gz';
  assert.deepEqual([match(path), match('/logs/app.log')], [{ log: path, suffix: '', gzip: true }, null]);
});
