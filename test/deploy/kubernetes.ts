import { validate as daemonSet } from 'kubernetes-models/_schemas/IoK8sApiAppsV1DaemonSet';
import { validate as configMap } from 'kubernetes-models/_schemas/IoK8sApiCoreV1ConfigMap';
import { validate as serviceAccount } from 'kubernetes-models/_schemas/IoK8sApiCoreV1ServiceAccount';
import { validate as clusterRole } from 'kubernetes-models/_schemas/IoK8sApiRbacV1ClusterRole';
import { validate as clusterRoleBinding } from 'kubernetes-models/_schemas/IoK8sApiRbacV1ClusterRoleBinding';
import { parseAllDocuments } from 'yaml';

/** A schema of the Kubernetes OpenAPI document, compiled to a function by kubernetes-models. */
type Schema = ((data: unknown) => boolean) & {
  errors?: { instancePath: string; keyword: string; params: object }[] | null;
};

const schemas = new Map<string, Schema>([
  ['apps/v1 DaemonSet', daemonSet],
  ['rbac.authorization.k8s.io/v1 ClusterRole', clusterRole],
  ['rbac.authorization.k8s.io/v1 ClusterRoleBinding', clusterRoleBinding],
  ['v1 ConfigMap', configMap],
  ['v1 ServiceAccount', serviceAccount],
]);

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The objects in a YAML text, in its order. Throws where the text is not YAML, names a key twice, or holds something
 * that is not an object.
 */
export function parseManifests(text: string): JsonObject[] {
  return parseAllDocuments(text).map((document) => {
    const [mistake] = document.errors;
    if (mistake !== undefined) throw mistake;
    const object: unknown = document.toJS();
    if (!isObject(object)) throw new TypeError('a YAML document that is not an object');
    return object;
  });
}

/**
 * Everything that is wrong with an object by the OpenAPI schema of its kind, as `path: mistake`; empty when it holds.
 * Stricter than the schemas, which let unknown fields and nulls through.
 */
export function mistakesOf(object: JsonObject): string[] {
  const kind = `${String(object.apiVersion)} ${String(object.kind)}`;
  const schema = schemas.get(kind);
  if (schema === undefined) return [`/: no schema for ${kind}`];
  const known = new Set<string>();
  schema(watched(object, '', known));
  const mistakes = (schema.errors ?? []).map(
    (error) => `${error.instancePath || '/'}: ${error.keyword} ${JSON.stringify(error.params)}`,
  );
  for (const [path, value] of fieldsOf(object, '')) {
    if (!known.has(path)) mistakes.push(`${path}: unknown field`);
    else if (value === null) mistakes.push(`${path}: null`);
  }
  return mistakes;
}

/** Every path in a value, as a JSON pointer, with what stands there; parents before their children. */
export function* fieldsOf(value: Json, path: string): Generator<[path: string, value: Json]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    const childPath = pointer(path, key);
    yield [childPath, child];
    yield* fieldsOf(child, childPath);
  }
}

/**
 * The value, noting in `known` the path of everything that is read through it. A compiled schema reads the fields it
 * knows and no others, so what stays unread is unknown to it.
 */
function watched<T>(value: T, path: string, known: Set<string>): T {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, key) {
      const child: unknown = Reflect.get(target, key);
      if (typeof key !== 'string' || !Object.hasOwn(target, key)) return child;
      const childPath = pointer(path, key);
      known.add(childPath);
      return watched(child, childPath, known);
    },
  });
}

/** The JSON pointer of a key under a path (RFC 6901). */
function pointer(path: string, key: string): string {
  return `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
