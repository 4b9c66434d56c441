import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { secureOptionsOf } from '../../../web/tls.js';
import type { Diagnostics } from '../diagnostics.js';
import type { HttpPlan } from '../plan.js';
import { block, type DecodedOf, differs, maybe, optional, refused, required, schema } from '../schema.js';
import * as t from '../types.js';
import { Secret } from '../value.js';
import { type Component, type Surrounding, setting } from './component.js';

const reread = differs('read with the configuration; a change of the file is a change of the configuration');

const version = () => optional(t.oneOf('', 'TLS10', 'TLS11', 'TLS12', 'TLS13'), '');

/** Names of Go, by those of OpenSSL; the suites of TLS 1.3 cannot be chosen, in either. */
const CIPHERS: Readonly<Record<string, string>> = {
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_AES_128_GCM_SHA256: '',
  TLS_AES_256_GCM_SHA384: '',
  TLS_CHACHA20_POLY1305_SHA256: '',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
};

const CURVES: Readonly<Record<string, string>> = {
  CurveP256: 'P-256',
  CurveP384: 'P-384',
  CurveP521: 'P-521',
  X25519: 'X25519',
};

function nameIn(names: Readonly<Record<string, string>>, what: string): t.Type<string> {
  return t.checkedText((name) => (Object.hasOwn(names, name) ? null : `"${name}" is no ${what} that is known`));
}

const tls = schema(
  {
    cert_pem: maybe(t.text),
    cert_file: maybe(t.text, reread),
    key_pem: maybe(t.secret),
    key_file: maybe(t.text, reread),
    client_ca_pem: maybe(t.text),
    client_ca_file: maybe(t.text, reread),
    client_auth_type: optional(
      t.oneOf(
        'NoClientCert',
        'RequestClientCert',
        'RequireAnyClientCert',
        'VerifyClientCertIfGiven',
        'RequireAndVerifyClientCert',
      ),
      'NoClientCert',
    ),
    cipher_suites: optional(t.list(nameIn(CIPHERS, 'cipher suite')), []),
    curve_preferences: optional(t.list(nameIn(CURVES, 'curve')), []),
    min_version: version(),
    max_version: version(),
  },
  {
    windows_certificate_filter: block(
      schema({}),
      'optional',
      refused('there is no certificate store of Windows on a node with pod logs'),
    ),
  },
  ({ args, at, place }, diagnostics) => {
    for (const name of ['cert', 'key', 'client_ca'] as const) {
      if (args[`${name}_pem`] && args[`${name}_file`]) {
        diagnostics.error(at(`${name}_file`), `"${name}_pem" and "${name}_file" cannot both be given`);
      }
    }
    for (const name of ['cert', 'key'] as const) {
      if (!args[`${name}_pem`] && !args[`${name}_file`]) {
        diagnostics.error(place, `one of "${name}_pem" and "${name}_file" is needed`);
      }
    }
    if (args.client_auth_type === 'NoClientCert' && (args.client_ca_pem || args.client_ca_file)) {
      diagnostics.error(place, 'a client CA is of use only with another "client_auth_type" than "NoClientCert"');
    }
    if (args.max_version !== '' && args.min_version > args.max_version) {
      diagnostics.error(at('min_version'), '"min_version" is above "max_version"');
    }
  },
);

const auth = schema(
  {},
  {
    basic: block(schema({ username: required(t.text), password: required(t.secret) }), 'optional'),
    filter: block(
      schema({
        paths: optional(t.list(t.text), []),
        authenticate_matching_paths: optional(t.flag, true),
      }),
      'optional',
    ),
  },
  ({ blocks, place }, diagnostics) => {
    const { basic, filter } = blocks;
    if (basic === null) diagnostics.warning(place, 'without a block "basic" nobody is asked for a password');
    else if (filter?.args.authenticate_matching_paths && filter.args.paths.length === 0) {
      diagnostics.warning(filter.place, 'no path is named, so nobody is asked for a password');
    }
  },
);

/** How our own HTTP server is secured. */
export const http: Component = setting(
  schema(
    {},
    {
      auth: block(
        auth,
        'optional',
        differs(
          'as in Alloy probes are asked too: give them the header, or leave `/-/ready` out by a filter; `/-/live`, which Alloy does not have, always answers',
        ),
      ),
      tls: block(
        tls,
        'optional',
        differs(
          'when it is added or taken out, old connections end; HTTP/1.1 alone is spoken; as in Alloy, probes need `scheme: HTTPS`',
        ),
      ),
    },
  ),
  ({ blocks }, surrounding) => {
    surrounding.graph.http = { auth: authPlan(blocks.auth), tls: blocks.tls && tlsPlan(blocks.tls, surrounding) };
  },
);

function authPlan(decoded: DecodedOf<typeof auth> | null): HttpPlan['auth'] {
  const { basic, filter } = decoded?.blocks ?? {};
  if (basic == null) return null;
  return {
    username: basic.args.username,
    password: basic.args.password,
    // Without a filter every path is asked for.
    paths: filter?.args.paths ?? [],
    authenticateMatchingPaths: filter?.args.authenticate_matching_paths ?? false,
  };
}

function tlsPlan(decoded: DecodedOf<typeof tls>, { diagnostics, readFile }: Surrounding): HttpPlan['tls'] {
  const { args, at } = decoded;
  const read = (name: 'cert_file' | 'key_file' | 'client_ca_file'): string | null => {
    const path = args[name];
    if (!path) return null;
    const file = readFile(path);
    if ('text' in file) return file.text;
    diagnostics.error(at(name), file.problem);
    return null;
  };
  const cert = args.cert_pem || read('cert_file');
  const keyText = args.key_pem?.reveal() || read('key_file');
  const clientCa = args.client_ca_pem || read('client_ca_file');
  if (cert === null || keyText === null || (args.client_ca_file && clientCa === null)) return null;
  const plan = {
    cert,
    key: new Secret(keyText),
    clientCa,
    clientAuthType: args.client_auth_type,
    ciphers: args.cipher_suites.map((name) => CIPHERS[name] ?? '').filter((name) => name !== ''),
    curves: args.curve_preferences.map((name) => CURVES[name] ?? name),
    minVersion: args.min_version || null,
    maxVersion: args.max_version || null,
  };
  return isUsable(plan, decoded, diagnostics) ? plan : null;
}

/** What nobody would notice before the first connection. */
function isUsable(plan: NonNullable<HttpPlan['tls']>, { at, place }: DecodedOf<typeof tls>, diagnostics: Diagnostics) {
  try {
    if (plan.clientCa !== null) new X509Certificate(plan.clientCa);
  } catch {
    diagnostics.error(at('client_auth_type'), 'the client CA is no certificate in PEM form');
    return false;
  }
  try {
    createSecureContext(secureOptionsOf(plan));
    return true;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    diagnostics.error(place, `the certificate cannot be used with its key: ${why}`);
    return false;
  }
}
