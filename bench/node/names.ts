import type { Random } from './random.js';
import type { Style } from './shapes.js';

/** A pod as the path of its logs names it. */
export interface PodName {
  namespace: string;
  pod: string;
  uid: string;
  containers: ContainerName[];
}

export interface ContainerName {
  container: string;
  style: Style;
}

type Kind = 'pod' | 'deployment' | 'statefulset' | 'daemonset' | 'static';

interface App {
  namespace: string;
  app: string;
  kind: Kind;
  containers: ContainerName[];
}

/** The alphabet of generated name suffixes: no vowels, so no words (apimachinery `util/rand`). */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const HEX = '0123456789abcdef';

/** The documented queries ask for these two, so they are always the first. */
const ALWAYS: App[] = [
  app('default', 'log-generator', 'pod', ['log-generator', 'mixed']),
  app('monitoring', 'loki', 'statefulset', ['loki', 'logfmt']),
];

const OTHERS: App[] = [
  app('ingress-nginx', 'ingress-nginx-controller', 'deployment', ['controller', 'access']),
  app('shop', 'storefront', 'deployment', ['storefront', 'json'], ['linkerd-proxy', 'logfmt']),
  app('payments', 'payment-service', 'deployment', ['app', 'java']),
  app('kube-system', 'coredns', 'deployment', ['coredns', 'logfmt']),
  app('kube-system', 'kube-apiserver', 'static', ['kube-apiserver', 'json']),
  app('monitoring', 'node-exporter', 'daemonset', ['node-exporter', 'logfmt']),
  app('shop', 'cart', 'deployment', ['cart', 'java']),
  app('data', 'postgres', 'statefulset', ['postgres', 'logfmt'], ['metrics', 'logfmt']),
  app('shop', 'catalog', 'deployment', ['catalog', 'json']),
  app('cert-manager', 'cert-manager-cainjector', 'deployment', ['cert-manager-cainjector', 'json']),
  app('auth', 'keycloak', 'statefulset', ['keycloak', 'java']),
  app('kube-system', 'kube-proxy', 'daemonset', ['kube-proxy', 'logfmt']),
  app('web', 'nginx', 'deployment', ['nginx', 'access']),
  app('messaging', 'rabbitmq', 'statefulset', ['rabbitmq', 'mixed']),
];

function app(namespace: string, name: string, kind: Kind, ...containers: [string, Style][]): App {
  return { namespace, app: name, kind, containers: containers.map(([container, style]) => ({ container, style })) };
}

/**
 * Names `count` pods. The first is `default/log-generator`, the second `monitoring/loki-0`, the rest have the names
 * deployments, stateful sets, daemon sets and static pods give; every few of them have a sidecar.
 */
export function namePods(count: number, random: Random): PodName[] {
  const known = [...ALWAYS, ...OTHERS];
  return Array.from({ length: count }, (_, index) => {
    const round = index < known.length ? 0 : Math.floor((index - ALWAYS.length) / OTHERS.length);
    const kind = known[index] ?? OTHERS[(index - ALWAYS.length) % OTHERS.length]!;
    return namePod(kind, round, random);
  });
}

/** Names a pod of a cron job: `batch/report-29384712-x7k2p`, each `index` another minute. */
export function nameJobPod(index: number, random: Random): PodName {
  const pod = `report-${29_384_712 + index}-${random.text(5, SUFFIX_ALPHABET)}`;
  return { namespace: 'batch', pod, uid: podUid(random), containers: [{ container: 'report', style: 'json' }] };
}

/** The folder of a pod's logs: `<namespace>_<pod>_<uid>`. */
export function podFolder(name: PodName): string {
  return `${name.namespace}_${name.pod}_${name.uid}`;
}

function namePod(from: App, round: number, random: Random): PodName {
  const { namespace, containers } = from;
  const suffix = () => random.text(5, SUFFIX_ALPHABET);
  // A later round is another workload of the same kind, except for a stateful set, which gets one more replica.
  const name = round > 0 && from.kind !== 'statefulset' ? `${from.app}-${round + 1}` : from.app;
  switch (from.kind) {
    case 'pod':
      return { namespace, pod: name, uid: podUid(random), containers };
    case 'statefulset':
      return { namespace, pod: `${name}-${round}`, uid: podUid(random), containers };
    case 'daemonset':
      return { namespace, pod: `${name}-${suffix()}`, uid: podUid(random), containers };
    case 'deployment':
      return {
        namespace,
        pod: `${name}-${random.text(10, SUFFIX_ALPHABET)}-${suffix()}`,
        uid: podUid(random),
        containers,
      };
    case 'static':
      // The folder of a static pod bears a configuration hash in place of the UID.
      return { namespace, pod: `${name}-node-1`, uid: random.text(32, HEX), containers };
  }
}

/** A version 4 UUID. */
function podUid(random: Random): string {
  const hex = random.text(31, HEX);
  const variant = random.pick(['8', '9', 'a', 'b']);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(12, 15)}-${variant}${hex.slice(15, 18)}-${hex.slice(18, 30)}`;
}
