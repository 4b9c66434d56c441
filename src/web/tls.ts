import type { RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { SecureContextOptions, SecureVersion, TLSSocket } from 'node:tls';
import type { HttpPlan } from '../config/alloy/plan.js';

type TlsPlan = NonNullable<HttpPlan['tls']>;
type Version = NonNullable<TlsPlan['minVersion']>;

const VERSIONS: Readonly<Record<Version, SecureVersion>> = {
  TLS10: 'TLSv1',
  TLS11: 'TLSv1.1',
  TLS12: 'TLSv1.2',
  TLS13: 'TLSv1.3',
};

/** Certificate, key and what is spoken, as node:tls takes them. */
export function secureOptionsOf(plan: TlsPlan): SecureContextOptions {
  const { cert, key, clientCa, ciphers, curves, minVersion, maxVersion } = plan;
  const isOld = [minVersion, maxVersion].some((version) => version === 'TLS10' || version === 'TLS11');
  const chosen = [
    ...(isOld && ciphers.length === 0 ? ['DEFAULT'] : ciphers),
    // OpenSSL speaks the old versions at its lowest level only.
    ...(isOld ? ['@SECLEVEL=0'] : []),
  ];
  return {
    cert,
    key: key.reveal(),
    ...(clientCa !== null && { ca: clientCa }),
    ...(chosen.length > 0 && { ciphers: chosen.join(':') }),
    ...(curves.length > 0 && { ecdhCurve: curves.join(':') }),
    // A highest version below Node's lowest one means that lowest one as well.
    ...(minVersion !== null
      ? { minVersion: VERSIONS[minVersion] }
      : isOld && maxVersion && { minVersion: VERSIONS[maxVersion] }),
    ...(maxVersion !== null && { maxVersion: VERSIONS[maxVersion] }),
  };
}

/** An HTTPS server that asks for client certificates as `client_auth_type` says; the names are those of Go's crypto/tls. */
export function createTlsServer(plan: TlsPlan, options: ServerOptions, listener: RequestListener): Server {
  const { clientAuthType } = plan;
  const server = createServer(
    {
      ...options,
      ...secureOptionsOf(plan),
      requestCert: clientAuthType !== 'NoClientCert',
      rejectUnauthorized: clientAuthType === 'RequireAndVerifyClientCert',
    },
    listener,
  );
  server.on('secureConnection', (socket) => {
    if (!isWelcome(socket, clientAuthType)) socket.destroy();
  });
  return server;
}

function isWelcome(socket: TLSSocket, clientAuthType: TlsPlan['clientAuthType']): boolean {
  switch (clientAuthType) {
    case 'RequireAnyClientCert':
      return hasCertificate(socket);
    case 'VerifyClientCertIfGiven':
      return socket.authorized || !hasCertificate(socket);
    default:
      return true;
  }
}

function hasCertificate(socket: TLSSocket): boolean {
  return socket.getPeerX509Certificate() !== undefined;
}
