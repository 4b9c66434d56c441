import { readFile } from 'node:fs/promises';
import type { IDaemonSet } from 'kubernetes-models/apps/v1/DaemonSet';
import type { IClusterRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole';
import type { IClusterRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { parse } from 'yaml';
import { type JsonObject, parseManifests } from './kubernetes.js';

export interface Kustomization {
  apiVersion: string;
  kind: string;
  namespace: string;
  resources: string[];
  images: { name: string; newName: string; newTag: string }[];
}

const root = new URL('../../../', import.meta.url);
const read = (file: string): Promise<string> => readFile(new URL(file, root), 'utf8');

export const { version }: { version: string } = JSON.parse(await read('package.json'));
export const kustomization: Kustomization = parse(await read('deploy/manifests/kustomization.yaml'));
/** The files that the kustomization names, in its order. */
export const texts = await Promise.all(kustomization.resources.map((file) => read(`deploy/manifests/${file}`)));
/** The objects in them. */
export const objects = texts.flatMap(parseManifests);

/** What the tests of the schemas make sure of lets the others use the types of kubernetes-models. */
function only<T>(kind: string): T & JsonObject {
  const [object, ...others] = objects.filter((candidate) => candidate.kind === kind);
  if (object === undefined || others.length > 0) throw new Error(`not exactly one ${kind}`);
  return object as T & JsonObject;
}

export const clusterRole = only<IClusterRole>('ClusterRole');
export const clusterRoleBinding = only<IClusterRoleBinding>('ClusterRoleBinding');
export const configMap = only<IConfigMap>('ConfigMap');
export const daemonSet = only<IDaemonSet>('DaemonSet');
export const pod = daemonSet.spec?.template.spec;
export const container = pod?.containers[0];

/** The `env` of the container by name; a variable without a plain value is undefined. */
export const environment = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));

/** What a collector reads from its environment on the node `nodeName`. */
export function environmentOn(nodeName: string): Record<string, string | undefined> {
  return {
    ...configMap.data,
    SLEIPNIR_LABELS: environment.SLEIPNIR_LABELS?.replace('$(NODE_NAME)', nodeName),
  };
}
