import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { type JsonObject, mistakesOf } from './kubernetes.js';
import {
  clusterRole,
  clusterRoleBinding,
  container,
  daemonSet,
  environmentOn,
  kustomization,
  objects,
  pod,
  version,
} from './manifests.js';

suite('manifests', () => {
  for (const object of objects) {
    const { name, namespace } = object.metadata as JsonObject;

    test(`the ${object.kind} holds against its Kubernetes schema`, () => {
      assert.deepEqual(mistakesOf(object), []);
      assert.equal(name, 'sleipnir');
      const clusterWide = String(object.kind).startsWith('Cluster');
      assert.equal(namespace, clusterWide ? undefined : kustomization.namespace);
    });
  }

  test('the kustomization names every object, the namespace and the image of this version', () => {
    const { apiVersion, kind, namespace, resources, images, ...others } = kustomization;
    assert.deepEqual({ apiVersion, kind }, { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' });
    assert.deepEqual(others, {});
    assert.equal(namespace, 'monitoring');
    assert.equal(new Set(resources).size, resources.length);
    assert.deepEqual(
      objects.map((object) => object.kind),
      ['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'ConfigMap', 'DaemonSet'],
    );
    assert.deepEqual(images, [{ name: 'sleipnir', newName: 'sleipnir', newTag: version }]);
  });
});

suite('rights', () => {
  test('pods can be seen and their logs read, nothing else', () => {
    assert.deepEqual(clusterRole.rules, [
      { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
    ]);
  });

  test('the role is bound to the account the pods run as', () => {
    assert.deepEqual(clusterRoleBinding.roleRef, {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'ClusterRole',
      name: clusterRole.metadata?.name,
    });
    assert.deepEqual(clusterRoleBinding.subjects, [
      { kind: 'ServiceAccount', name: 'sleipnir', namespace: kustomization.namespace },
    ]);
    assert.equal(pod?.serviceAccountName, 'sleipnir');
  });
});

const loaded = loadConfig({ flags: {}, env: environmentOn('worker-1'), isTerminal: false });
assert.ok('config' in loaded, JSON.stringify(loaded));
const { config } = loaded;

suite('pods of the DaemonSet', () => {
  test('are selected by their labels', () => {
    assert.deepEqual(daemonSet.spec?.selector.matchLabels, daemonSet.spec?.template.metadata?.labels);
  });

  test('run on every Linux node, never two on one, within their limits', () => {
    assert.deepEqual(pod?.nodeSelector, { 'kubernetes.io/os': 'linux' });
    assert.deepEqual(pod?.tolerations, [{ operator: 'Exists' }]);
    assert.equal(daemonSet.spec?.updateStrategy?.type, 'RollingUpdate');
    assert.equal(daemonSet.spec?.updateStrategy?.rollingUpdate?.maxSurge, 0);
    assert.deepEqual(container?.resources, {
      requests: { cpu: '100m', memory: '128Mi' },
      limits: { cpu: '500m', memory: '512Mi' },
    });
  });

  test('run the image of this version', () => {
    assert.equal(pod?.containers.length, 1);
    assert.equal(container?.image, `sleipnir:${version}`);
    // The image's own entry point and its command `run`.
    assert.equal(container?.command ?? container?.args, undefined);
  });

  test('run as root and with nothing that root could do beyond reading its own files', () => {
    assert.deepEqual(pod?.securityContext, {
      runAsUser: 0,
      runAsGroup: 0,
      runAsNonRoot: false,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    assert.deepEqual(container?.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    assert.deepEqual([pod?.hostNetwork, pod?.hostPID, pod?.hostIPC], [undefined, undefined, undefined]);
    assert.equal(pod?.automountServiceAccountToken, false);
    assert.equal(pod?.enableServiceLinks, false);
  });

  test('read the logs of the node, and write to the state directory and /tmp only', () => {
    const mounts = (container?.volumeMounts ?? []).map(({ name, mountPath, readOnly = false }) => {
      const { name: _, ...source } = pod?.volumes?.find((volume) => volume.name === name) ?? { name };
      return { mountPath, readOnly, source };
    });
    assert.deepEqual(mounts, [
      {
        mountPath: '/var/log/pods',
        readOnly: true,
        source: { hostPath: { path: '/var/log/pods', type: 'Directory' } },
      },
      {
        mountPath: config.stateDir,
        readOnly: false,
        source: { hostPath: { path: '/var/lib/sleipnir', type: 'DirectoryOrCreate' } },
      },
      { mountPath: '/tmp', readOnly: false, source: { emptyDir: { sizeLimit: '64Mi' } } },
    ]);
    assert.equal(pod?.volumes?.length, mounts.length);
    for (const path of config.paths) assert.ok(path.startsWith('/var/log/pods/'), path);
  });

  test('have longer to end than the drain may take', () => {
    assert.ok((pod?.terminationGracePeriodSeconds ?? 0) * 1000 > config.shutdownTimeoutMs);
  });

  test('are probed and scraped where the collector listens', () => {
    assert.deepEqual(container?.ports, [{ name: 'http', containerPort: config.httpAddr.port }]);
    assert.deepEqual(container?.livenessProbe?.httpGet, { path: '/-/live', port: 'http' });
    assert.deepEqual(container?.readinessProbe?.httpGet, { path: '/-/ready', port: 'http' });
    assert.deepEqual(daemonSet.spec?.template.metadata?.annotations, {
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': String(config.httpAddr.port),
      'prometheus.io/path': '/metrics',
    });
  });
});
