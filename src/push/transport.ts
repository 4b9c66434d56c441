import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, type SecureVersion } from 'node:tls';
import type { Dispatcher } from 'undici';
import PoolClass from 'undici/lib/dispatcher/pool.js';
import { type ProxyOptions, proxyOf } from './proxy.js';
import type { SecretSource, SecretTexts } from './secret-files.js';
import { createSecretFiles } from './secret-files.js';

export interface TlsOptions {
  /** PEM; in place of the authorities that Node knows. */
  ca?: SecretSource | null;
  /** PEM, shown to the other side; with `key`. */
  cert?: SecretSource | null;
  key?: SecretSource | null;
  /** The name that the other side's certificate is to bear; that of the URL if not given. */
  serverName?: string | null;
  /** Takes any certificate. */
  insecureSkipVerify?: boolean;
  /** Default TLS 1.2. */
  minVersion?: SecureVersion;
}

export interface TransportOptions {
  tls?: TlsOptions;
  proxy?: ProxyOptions | null;
  /** The most connections at a time. */
  connections: number;
  /** For a whole request; making a connection may take no longer than 10 s of it. */
  requestTimeoutMs: number;
  now?: (() => number) | undefined;
}

/** The way to one origin. */
export interface Transport {
  /**
   * The connections, made anew when a certificate changes; the old ones end with their last request.
   * @throws the error of the system call if a file was never read, or SleipnirError `PROXY_URL`
   */
  current(): Promise<Dispatcher>;
  /** Something failed: certificate files are read again even if they look untouched. */
  doubt(): void;
  /** Closes every connection; what is under way fails. */
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** Node gives each address of a name 250 ms by default, too little for a far one. */
const ADDRESS_TIMEOUT_MS = 1000;

/** Connections to the origin of `url`, straight or by a proxy. Files are read at the first use. */
export function createTransport(url: URL, options: TransportOptions): Transport {
  const { ca, cert, key } = options.tls ?? {};
  const named = Object.entries({ ca, cert, key }).flatMap(([name, source]) =>
    source == null ? [] : [{ name, source }],
  );
  const files = createSecretFiles(
    named.map(({ source }) => source),
    options.now,
  );
  let from: SecretTexts | null = null;
  let made: Promise<Dispatcher> | null = null;
  let closed = false;
  const open = new Set<Dispatcher>();

  async function make(secrets: SecretTexts): Promise<Dispatcher> {
    const pem = Object.fromEntries(named.map(({ name }, index) => [name, secrets.texts[index]]));
    const dispatcher = await connections(url, pem, options);
    open.add(dispatcher);
    if (closed) await dispatcher.destroy();
    return dispatcher;
  }

  function retire(old: Promise<Dispatcher>): void {
    void old.then((dispatcher) => dispatcher.close().finally(() => open.delete(dispatcher))).catch(() => {});
  }

  return {
    async current() {
      const secrets = await files.current();
      if (made === null || secrets !== from) {
        if (made !== null) retire(made);
        from = secrets;
        made = make(secrets);
      }
      return made;
    },
    doubt: () => files.doubt(),
    async close() {
      closed = true;
      await Promise.all([...open].map((each) => each.destroy()));
    },
  };
}

type Pem = Pick<ConnectionOptions, 'ca' | 'cert' | 'key'>;
type Checks = Pick<
  ConnectionOptions,
  'rejectUnauthorized' | 'minVersion' | 'ciphers' | 'servername' | 'checkServerIdentity'
>;

/** How a connection is made. */
export type Way = Pem & Checks & { timeout: number; autoSelectFamily: boolean; autoSelectFamilyAttemptTimeout: number };

async function connections(url: URL, pem: Pem, options: TransportOptions): Promise<Dispatcher> {
  const { tls = {}, proxy, connections, requestTimeoutMs } = options;
  const way: Way = {
    timeout: Math.min(CONNECT_TIMEOUT_MS, requestTimeoutMs),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT_MS,
    ...pem,
    ...checks(tls),
  };
  const toTarget = { ...way, ...named(tls.serverName) };
  const by = proxy ? proxyOf(url, proxy, process.env) : null;
  if (by === null) return new PoolClass(url.origin, { connections, connect: toTarget });
  const { connectionsBy } = await import('./proxied.js');
  return connectionsBy(by, { url, toProxy: way, toTarget, headers: proxy?.connectHeaders ?? [], connections });
}

function checks({ insecureSkipVerify = false, minVersion = 'TLSv1.2' }: TlsOptions): Checks {
  return {
    rejectUnauthorized: !insecureSkipVerify,
    minVersion,
    // OpenSSL speaks the old versions at its lowest level only.
    ...(minVersion < 'TLSv1.2' && { ciphers: 'DEFAULT@SECLEVEL=0' }),
  };
}

function named(serverName: string | null | undefined): Checks {
  if (!serverName) return {};
  const checkName: Checks = {
    checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
  };
  // An address cannot be asked for (RFC 6066, section 3), only be checked.
  return isIP(serverName) === 0 ? { ...checkName, servername: serverName } : checkName;
}
