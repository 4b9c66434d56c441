import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { checkLabelRegex, defaultLabelRegex, parseLabels } from '../../src/config/labels.js';

function labelsOf(path: string): Record<string, string | null> | null {
  const matcher = RE2JS.compile(defaultLabelRegex).matcher(path);
  if (!matcher.find()) return null;
  return Object.fromEntries(['namespace', 'pod', 'container'].map((name) => [name, matcher.group(name)]));
}

const uid = '3f1c7a52-6f0e-4c1d-9a57-0d3b8f4c2e11';

test('the default regex takes namespace, pod and container from a pod path', () => {
  assert.deepEqual(labelsOf(`/var/log/pods/monitoring_loki-0_${uid}/loki/0.log`), {
    namespace: 'monitoring',
    pod: 'loki-0',
    container: 'loki',
  });
});

test('the default regex takes them under any folder, also one with underscores', () => {
  for (const root of ['', '/tmp/sleipnir_demo_a1', '/data/a_b_c/d']) {
    assert.deepEqual(labelsOf(`${root}/default_log-generator.1_${uid}/main/12.log`), {
      namespace: 'default',
      pod: 'log-generator.1',
      container: 'main',
    });
  }
});

test('the default regex takes static pods, whose uid is a hash', () => {
  assert.deepEqual(labelsOf('/var/log/pods/kube-system_etcd-node1_7d1a0c2b9f3e4d5c6b7a8091a2b3c4d5/etcd/3.log'), {
    namespace: 'kube-system',
    pod: 'etcd-node1',
    container: 'etcd',
  });
});

test('the default regex leaves other paths alone', () => {
  for (const path of ['/var/log/syslog', '/var/log/pods/x.log', '/var/log/pods/a_b/c/0.log']) {
    assert.equal(labelsOf(path), null);
  }
});

test('the default regex passes its own check', () =>
  assert.equal(checkLabelRegex(defaultLabelRegex), defaultLabelRegex));

const lists: [string, [string, string][]][] = [
  ['a=b', [['a', 'b']]],
  [
    'a=b,c=d',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  [
    ' a = b , _c9 = d e ,',
    [
      ['a', 'b'],
      ['_c9', 'd e'],
    ],
  ],
  [
    'team="a,b",x=y',
    [
      ['team', 'a,b'],
      ['x', 'y'],
    ],
  ],
  ['a="say \\"hi\\" \\\\"', [['a', 'say "hi" \\']]],
  ['url=http://x?a=b', [['url', 'http://x?a=b']]],
];

for (const [text, labels] of lists) {
  test(`labels ${text}`, () => assert.deepEqual(parseLabels(text), labels));
}

test('quoted label values survive whatever they hold', () => {
  const value = fc.string({ minLength: 1, unit: 'binary' });
  fc.assert(
    fc.property(fc.array(value), (values) => {
      const labels = values.map((value, i): [string, string] => [`l${i}`, value]);
      const text = labels.map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`).join(',');
      assert.deepEqual(parseLabels(text), labels);
    }),
  );
});
