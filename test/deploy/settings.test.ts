import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as v from 'valibot';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.js';
import { settingNames, settings } from '../../src/config/settings.js';
import { configMap, container, environment, environmentOn, texts } from './manifests.js';

const data = new Map(Object.entries(configMap.data ?? {}));
/** The settings that stand in the ConfigMap as comments, with their examples. */
const examples = new Map<string, unknown>(
  Object.entries(
    parse(
      texts.flatMap((text) => [...text.matchAll(/^ {2}# (SLEIPNIR_\w+: .*\n)/gm)].map((match) => match[1])).join(''),
    ),
  ),
);

const node = 'worker-1';
const loaded = loadConfig({ flags: {}, env: environmentOn(node), isTerminal: false });
assert.ok('config' in loaded, JSON.stringify(loaded));
const { config } = loaded;

suite('settings', () => {
  test('every variable is a setting, and every value is allowed', () => {
    assert.deepEqual(loaded.warnings, []);
    assert.deepEqual(container?.envFrom, [{ configMapRef: { name: configMap.metadata?.name } }]);
  });

  for (const setting of settingNames.map((name) => settings[name])) {
    const { variable } = setting;
    const fallback = setting.fallback(false);

    if (variable in environment) {
      test(`${variable} stands in the DaemonSet`, () => {
        assert.ok(!data.has(variable) && !examples.has(variable));
      });
    } else if (variable === 'SLEIPNIR_HTTP_ADDR') {
      test(`${variable} can be reached from outside the pod`, () => {
        assert.deepEqual(config.httpAddr, { host: '0.0.0.0', port: 12345 });
      });
    } else if (fallback !== null) {
      test(`${variable} has its default`, () => {
        assert.equal(data.get(variable), fallback);
      });
    } else if (setting.allowed === 'leave it out') {
      test(`${variable}, which has no value yet, is left out`, () => {
        assert.ok(!data.has(variable) && !examples.has(variable));
      });
    } else {
      test(`${variable} is a comment with an example that is allowed`, () => {
        assert.ok(!data.has(variable));
        const example = examples.get(variable);
        assert.equal(typeof example, 'string');
        const { issues } = v.safeParse<v.GenericSchema<string, unknown>>(setting.schema, example);
        const [issue, ...others] = issues ?? [];
        // The files come from a Secret of the cluster.
        assert.ok(issue === undefined || issue.message === 'cannot be read (ENOENT)', issue?.message);
        assert.deepEqual(others, []);
      });
    }
  }

  test('nothing else is in the environment or commented out', () => {
    const known = settingNames.map((name): string => settings[name].variable);
    assert.deepEqual(
      [...data.keys(), ...examples.keys()].filter((variable) => !known.includes(variable)),
      [],
    );
    assert.deepEqual(Object.keys(environment), ['NODE_NAME', 'SLEIPNIR_LABELS']);
  });

  test("every line bears its node's name, which is known before it is used", () => {
    assert.deepEqual(container?.env?.[0], {
      name: 'NODE_NAME',
      valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } },
    });
    assert.deepEqual(config.labels, [['node', node]]);
  });
});
