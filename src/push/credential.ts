import { type Credential, createOAuth2, type OAuth2Options } from './oauth2.js';
import type { SecretSource } from './secret-files.js';
import { createSecretFiles, type SecretTexts } from './secret-files.js';

/** How we prove who we are. */
export type Authorization =
  | { kind: 'basic'; username: string; password: SecretSource | null }
  /** `Authorization: <type> <credentials>`, such as `Bearer`. */
  | { kind: 'credentials'; type: string; credentials: SecretSource }
  | ({ kind: 'oauth2' } & OAuth2Options);

const NONE: Credential = {
  current: () => Promise.resolve(null),
  doubt: () => {},
  close: () => Promise.resolve(),
};

/** What makes the `Authorization` header. Files are read again when they change, and after a refusal. */
export function createCredential(
  authorization: Authorization | null,
  requestTimeoutMs: number,
  now: () => number,
): Credential {
  if (authorization === null) return NONE;
  if (authorization.kind === 'oauth2') return createOAuth2(authorization, requestTimeoutMs, now);
  const source = authorization.kind === 'basic' ? authorization.password : authorization.credentials;
  const files = createSecretFiles(source === null ? [] : [source], now);
  let from: SecretTexts | null = null;
  let made = '';
  return {
    ...NONE,
    async current() {
      const secrets = await files.current();
      // Files end in a newline, and often in more, that is not part of the secret.
      if (secrets !== from) made = headerOf(authorization, (secrets.texts[0] ?? '').trim());
      from = secrets;
      return made;
    },
    doubt: () => files.doubt(),
  };
}

function headerOf(authorization: Exclude<Authorization, { kind: 'oauth2' }>, secret: string): string {
  if (authorization.kind === 'credentials') return `${authorization.type} ${secret}`;
  return `Basic ${Buffer.from(`${authorization.username}:${secret}`).toString('base64')}`;
}
