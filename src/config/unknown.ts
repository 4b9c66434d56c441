import { distance } from './alloy/nearest.js';
import { settingNames, settings } from './settings.js';

const PREFIX = 'SLEIPNIR_';
/** What it costs to leave out a letter: little, since people leave out whole words (SLEIPNIR_URL for SLEIPNIR_LOKI_URL). */
const LEFT_OUT = 0.3;

/**
 * What the kubelet puts into every container of a namespace that has a Service named sleipnir or sleipnir-something
 * (service links): host and port as `..._SERVICE_HOST`, `..._SERVICE_PORT`, and the older `..._PORT_80_TCP_ADDR` family.
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
const serviceLink = /^SLEIPNIR_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
const serviceLinkPort = { name: /^SLEIPNIR_(\w+_)?PORT$/, value: /^(tcp|udp|sctp):\/\// };

/** A variable of ours by its prefix that is no setting, and the setting that comes nearest. */
export interface UnknownVariable {
  variable: string;
  nearest: string;
}

/** Finds the variables that look like ours and are not; those of Kubernetes service links are left out. */
export function findUnknown(env: NodeJS.ProcessEnv): UnknownVariable[] {
  const known = settingNames.map((name) => settings[name].variable);
  return Object.keys(env)
    .filter((variable) => variable.startsWith(PREFIX) && !known.includes(variable))
    .filter((variable) => !isServiceLink(variable, env[variable] ?? ''))
    .sort()
    .map((variable) => ({ variable, nearest: nearest(variable, known) }));
}

function isServiceLink(variable: string, value: string): boolean {
  return serviceLink.test(variable) || (serviceLinkPort.name.test(variable) && serviceLinkPort.value.test(value));
}

function nearest(variable: string, known: string[]): string {
  const distances = known.map((candidate) => distance(variable, candidate, LEFT_OUT));
  return known[distances.indexOf(Math.min(...distances))] ?? '';
}
