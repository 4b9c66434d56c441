import { isIP } from 'node:net';
import { type buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { ProxyOptions } from './proxy.js';
import type { Way } from './transport.js';

interface Proxied {
  url: URL;
  toProxy: Way;
  toTarget: Way;
  /** Sent with CONNECT. */
  headers: ProxyOptions['connectHeaders'];
  connections: number;
}

/**
 * Connections to the origin of `url` by a proxy: HTTPS through a tunnel (CONNECT), HTTP by asking the proxy for the whole
 * URL, as Go does. Loaded only where a proxy is set: all of undici comes with it.
 */
export function connectionsBy(proxy: URL, { url, toProxy, toTarget, headers, connections }: Proxied): Dispatcher {
  const tunnel = url.protocol === 'https:';
  const socks = proxy.protocol.startsWith('socks');
  const pool = (origin: string | URL, options: object): Pool => new Pool(origin, { ...options, connections });
  const credential = socks ? null : credentialOf(proxy);
  return new ProxyAgent({
    uri: socks ? proxy.href.replace(/^socks5h:/, 'socks5:') : proxy.origin,
    proxyTunnel: tunnel,
    ...(credential !== null && { token: credential }),
    ...(tunnel && { headers: Object.fromEntries(headers.map(([name, values]) => [name, shown(values)])) }),
    ...(!socks && { proxyTls: toProxy }),
    requestTls: toTarget,
    factory: pool,
    // A proxy that takes a CONNECT and says nothing would hold the connection for ever.
    clientFactory: (origin, { connect, ...options }: { connect?: buildConnector.connector }) =>
      new Pool(origin, {
        ...options,
        ...(connect !== undefined && { connect: byAddress(connect) }),
        headersTimeout: toProxy.timeout,
      }),
  });
}

/** An address is no server name (RFC 6066, 3), and Node 26 refuses it as one; undici gives it as one all the same. */
function byAddress(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    const named = options.servername === undefined || isIP(options.servername) === 0;
    connect(named ? options : { ...options, servername: '' }, callback);
  };
}

function credentialOf({ username, password }: URL): string | null {
  if (username === '' && password === '') return null;
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(plain).toString('base64')}`;
}

function shown(values: readonly { reveal(): string }[]): string {
  return values.map((value) => value.reveal()).join(', ');
}
