import { BlockList, isIP } from 'node:net';
import { SleipnirError } from '../errors.js';
import type { Hidden } from './secret-files.js';

/** How requests reach an address. Without `url` and `fromEnvironment` they go straight there. */
export interface ProxyOptions {
  /** `http://`, `https://` or `socks5://`, a user and password in it included. */
  url: string | null;
  /** Hosts that are reached without `url`: names with all below them, addresses, CIDR ranges, each with `:port` or not, or `*`. */
  noProxy: string | null;
  /** By HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in capitals or not. */
  fromEnvironment: boolean;
  /** For the proxy itself, sent with CONNECT. */
  connectHeaders: readonly (readonly [string, readonly Hidden[]])[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

const SCHEMES = new Set(['http:', 'https:', 'socks5:', 'socks5h:']);

/**
 * The proxy by which `target` is reached, or null. The rules are those of golang.org/x/net/http/httpproxy, which Alloy
 * goes by: exceptions count only where they are given, and then this machine is one of them.
 * @throws SleipnirError `PROXY_URL`
 */
export function proxyOf(target: URL, options: ProxyOptions, env: Environment): URL | null {
  if (!options.fromEnvironment) {
    if (!options.url) return null;
    if (options.noProxy && !isProxied(target, options.noProxy)) return null;
    return readProxyUrl(options.url);
  }
  const name = target.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const url = fromEither(env, name);
  if (url === '' || !isProxied(target, fromEither(env, 'NO_PROXY'))) return null;
  return readProxyUrl(url);
}

/**
 * Reads the address of a proxy; `proxy:3128` is `http://proxy:3128`. The text is in no message: it may hold a password.
 * @throws SleipnirError `PROXY_URL`
 */
export function readProxyUrl(text: string): URL {
  const address = text.includes('://') ? text : `http://${text}`;
  if (URL.canParse(address)) {
    const url = new URL(address);
    if (SCHEMES.has(url.protocol) && url.hostname !== '') return url;
  }
  throw new SleipnirError(
    'PROXY_URL',
    'the address of the proxy cannot be read',
    'Give it as http://host:port, https://host:port or socks5://host:port.',
  );
}

function fromEither(env: Environment, name: string): string {
  return env[name] || env[name.toLowerCase()] || '';
}

/** Whether none of the exceptions of a NO_PROXY list is `target`. */
function isProxied({ hostname, port, protocol }: URL, noProxy: string): boolean {
  const host = withoutBrackets(hostname.toLowerCase());
  const targetPort = port || (protocol === 'https:' ? '443' : '80');
  if (host === 'localhost' || isLoopback(host)) return false;
  return !noProxy.split(',').some((entry) => excepts(entry.trim().toLowerCase(), host, targetPort));
}

function excepts(entry: string, host: string, port: string): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const [, address = '', prefix] = /^(.+)\/(\d+)$/.exec(entry) ?? [];
  if (prefix !== undefined && isIP(address) !== 0) return isIP(host) !== 0 && isWithin(host, address, Number(prefix));
  // An address of version 6 without brackets has colons of its own.
  const [, named = entry, itsPort] = isIP(entry) === 6 ? [] : (/^(.*?)(?::(\d+))?$/.exec(entry) ?? []);
  if (itsPort !== undefined && itsPort !== port) return false;
  const wanted = withoutBrackets(named).replace(/^\*\./, '.');
  if (isIP(wanted) !== 0) return isIP(host) !== 0 && isWithin(host, wanted, isIP(wanted) === 6 ? 128 : 32);
  if (wanted === '') return false;
  return wanted.startsWith('.') ? host.endsWith(wanted) : host === wanted || host.endsWith(`.${wanted}`);
}

function isLoopback(host: string): boolean {
  return isIP(host) !== 0 && (isWithin(host, '127.0.0.0', 8) || isWithin(host, '::1', 128));
}

function isWithin(host: string, network: string, prefix: number): boolean {
  const list = new BlockList();
  try {
    list.addSubnet(network, prefix, isIP(network) === 6 ? 'ipv6' : 'ipv4');
  } catch {
    return false;
  }
  return list.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
