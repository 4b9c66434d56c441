import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fieldsOf, isObject, type Json, type JsonObject, mistakesOf, parseManifests } from './kubernetes.js';
import { daemonSet, objects } from './manifests.js';

/** A copy of `object` in which the value at a JSON pointer is replaced, or deleted when `value` is undefined. */
function broken(object: JsonObject, path: string, value: Json | undefined): JsonObject {
  const copy = structuredClone(object);
  const keys = path
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop()!;
  let parent: object = copy;
  for (const key of keys) {
    const child: unknown = Reflect.get(parent, key);
    assert.ok(typeof child === 'object' && child !== null, `${path} is not in the object`);
    parent = child;
  }
  if (value === undefined) assert.ok(Object.hasOwn(parent, last) && Reflect.deleteProperty(parent, last));
  else Reflect.set(parent, last, value);
  return copy;
}

function assertRefused(object: JsonObject, expected: string): void {
  const mistakes = mistakesOf(object);
  assert.ok(
    mistakes.some((mistake) => mistake.startsWith(expected)),
    `expected "${expected}" among ${JSON.stringify(mistakes)}`,
  );
}

suite('the check against the Kubernetes schemas', () => {
  /** Maps whose keys are the user's; what they may hold is in the other tests. */
  const maps = /\/(labels|annotations|matchLabels|nodeSelector|limits|requests|data)$/;

  for (const object of objects) {
    test(`an unknown field fails wherever it stands in a ${object.kind}`, () => {
      for (const [path, value] of [['', object] as const, ...fieldsOf(object, '')]) {
        if (!isObject(value) || maps.test(path)) continue;
        assert.deepEqual(mistakesOf(broken(object, `${path}/resorces`, {})), [`${path}/resorces: unknown field`]);
      }
    });

    test(`a wrong type fails wherever it stands in a ${object.kind}`, () => {
      for (const [path, value] of fieldsOf(object, '')) {
        if (path === '/apiVersion' || path === '/kind') continue;
        assertRefused(broken(object, path, Array.isArray(value) ? {} : []), `${path}: `);
        assertRefused(broken(object, path, null), `${path}: `);
      }
    });
  }

  const container = '/spec/template/spec/containers/0';
  for (const [parent, field] of [
    ['/spec', 'selector'],
    ['/spec', 'template'],
    ['/spec/template/spec', 'containers'],
    [container, 'name'],
    [`${container}/ports/0`, 'containerPort'],
    [`${container}/env/0`, 'name'],
    [`${container}/env/0/valueFrom/fieldRef`, 'fieldPath'],
    [`${container}/volumeMounts/0`, 'mountPath'],
    [`${container}/livenessProbe/httpGet`, 'port'],
    ['/spec/template/spec/volumes/0/hostPath', 'path'],
  ] as const) {
    test(`a DaemonSet without ${parent}/${field} fails`, () => {
      assertRefused(
        broken(daemonSet, `${parent}/${field}`, undefined),
        `${parent}: required {"missingProperty":"${field}"}`,
      );
    });
  }

  for (const [path, value] of [
    [`${container}/resources/limits/cpu`, 'half'],
    [`${container}/resources/limits/memory`, '512MiB'],
    [`${container}/imagePullPolicy`, 'Sometimes'],
    ['/spec/template/spec/terminationGracePeriodSeconds', '30'],
    ['/spec/minReadySeconds', 2 ** 31],
  ] as const) {
    test(`${path} may not be ${JSON.stringify(value)}`, () => {
      assertRefused(broken(daemonSet, path, value), `${path}: `);
    });
  }

  test('a kind or version that is not in the schemas fails', () => {
    assert.deepEqual(mistakesOf(broken(daemonSet, '/apiVersion', 'extensions/v1beta1')), [
      '/: no schema for extensions/v1beta1 DaemonSet',
    ]);
  });

  test('a setting that YAML reads as a number fails', () => {
    const [object] = parseManifests(
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  SLEIPNIR_WORKERS: 2\n',
    );
    assertRefused(object!, '/data/SLEIPNIR_WORKERS: type');
  });

  test('a key that is named twice fails', () => {
    assert.throws(() => parseManifests('kind: ConfigMap\nkind: Secret\n'), /unique/);
  });
});
