import { block, differs, maybe, optional, required, schema } from '../schema.js';
import * as t from '../types.js';
import { type Component, setting } from './component.js';

/** The blocks that stand in a configuration once, without a label. */
export const settings: Readonly<Record<string, Component>> = {
  logging: setting(
    schema({
      level: optional(t.oneOf('', 'error', 'warn', 'info', 'debug'), 'info'),
      format: optional(t.oneOf('', 'logfmt', 'json'), 'logfmt', differs('`logfmt` is the readable form for terminals')),
      destination: optional(t.oneOf('stderr'), 'stderr', differs('`windows_event_log` is refused')),
      write_to: optional(t.list(t.receiver), []),
    }),
    ({ args }, { graph }) => {
      graph.logging = { level: args.level || 'info', format: args.format || 'logfmt' };
    },
  ),
  livedebugging: setting(
    schema({ enabled: optional(t.flag, false) }),
    () => {},
    differs('accepted, without effect: `sleipnir inspect` shows what each stage does'),
  ),
  http: setting(
    schema(
      {},
      {
        auth: block(
          schema(
            {},
            {
              basic: block(schema({ username: required(t.text), password: required(t.secret) }), 'required'),
              filter: block(
                schema({
                  paths: required(t.list(t.text)),
                  authenticate_matching_paths: optional(t.flag, true),
                }),
                'optional',
              ),
            },
          ),
          'optional',
        ),
        tls: block(
          schema({
            cert_pem: maybe(t.text),
            cert_file: maybe(t.text),
            key_pem: maybe(t.secret),
            key_file: maybe(t.text),
            client_ca_pem: maybe(t.text),
            client_ca_file: maybe(t.text),
            client_auth_type: optional(t.text, 'NoClientCert'),
          }),
          'optional',
        ),
      },
    ),
    ({ blocks }, { graph }) => {
      const { auth, tls } = blocks;
      graph.http = {
        auth: auth && {
          username: auth.blocks.basic.args.username,
          password: auth.blocks.basic.args.password,
          paths: auth.blocks.filter?.args.paths ?? [],
          authenticateMatchingPaths: auth.blocks.filter?.args.authenticate_matching_paths ?? true,
        },
        tls: tls && {
          certPem: tls.args.cert_pem,
          certFile: tls.args.cert_file,
          keyPem: tls.args.key_pem,
          keyFile: tls.args.key_file,
          clientCaPem: tls.args.client_ca_pem,
          clientCaFile: tls.args.client_ca_file,
          clientAuthType: tls.args.client_auth_type,
        },
      };
    },
  ),
};
