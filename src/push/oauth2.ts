import * as v from 'valibot';
import { SleipnirError } from '../errors.js';
import { exchange } from './exchange.js';
import type { ProxyOptions } from './proxy.js';
import type { SecretSource } from './secret-files.js';
import { createSecretFiles } from './secret-files.js';
import { createTransport, type TlsOptions } from './transport.js';
import type { Answer } from './verdict.js';

/** The client credentials flow (RFC 6749, section 4.4). */
export interface OAuth2Options {
  clientId: string;
  clientSecret: SecretSource | null;
  scopes: readonly string[];
  tokenUrl: URL;
  /** Further parameters of the request; `grant_type` may be among them. */
  endpointParams: readonly (readonly [string, string])[];
  tls?: TlsOptions;
  proxy?: ProxyOptions | null;
}

export interface Credential {
  /** The value of an `Authorization` header. The same as long as it is the same credential. */
  current(): Promise<string | null>;
  /** It was refused: get another one, unless that has happened already. */
  doubt(refused: string | null): void;
  close(): Promise<void>;
}

/** A token this close to its end is not used any more: it has to last until the push is there. */
const EXPIRY_MARGIN_MS = 10_000;
/** However often a token is refused, or how short it lives, the next is asked for no sooner. */
const ASK_INTERVAL_MS = 1000;
const CONNECTIONS = 1;

const answered = v.object({
  access_token: v.pipe(v.string(), v.nonEmpty()),
  token_type: v.optional(v.string(), 'Bearer'),
  expires_in: v.nullish(v.pipe(v.union([v.number(), v.string()]), v.transform(Number), v.finite())),
});
const refusal = v.object({ error: v.pipe(v.string(), v.regex(/^[\x20-\x7e]{1,100}$/)) });

interface Token {
  header: string;
  /** What `now` says when it is not to be used any more. */
  untilMs: number;
  askedAtMs: number;
}

/**
 * Gets tokens from `tokenUrl`, keeps each until shortly before it expires, and asks for another when it is refused. The
 * client is named in the Authorization header, or among the parameters where the server does not take that.
 */
export function createOAuth2(options: OAuth2Options, requestTimeoutMs: number, now: () => number): Credential {
  const { tokenUrl, clientSecret } = options;
  const transport = createTransport(tokenUrl, {
    tls: options.tls ?? {},
    proxy: options.proxy ?? null,
    connections: CONNECTIONS,
    requestTimeoutMs,
    now,
  });
  const secret = createSecretFiles(clientSecret === null ? [] : [clientSecret], now);
  let token: Token | null = null;
  let doubted = false;
  let asking: Promise<string> | null = null;
  /** Whether the client is named in the header; null while that is not known. */
  let byHeader: boolean | null = null;

  async function ask(): Promise<string> {
    const text = (await secret.current()).texts[0]?.trim() ?? '';
    for (const way of byHeader === null ? [true, false] : [byHeader]) {
      const askedAtMs = now();
      const answer = await post(text, way);
      if ('status' in answer && answer.status >= 200 && answer.status < 300) {
        byHeader = way;
        doubted = false;
        token = { ...read(answer.body, askedAtMs), askedAtMs };
        return token.header;
      }
      // Servers answer 400 as well to a client that they do not find where they look for it.
      if (way && byHeader === null && 'status' in answer && answer.status < 500) continue;
      secret.doubt();
      transport.doubt();
      throw notGiven(answer);
    }
    throw new Error('unreachable');
  }

  async function post(text: string, inHeader: boolean): Promise<Answer> {
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    if (options.scopes.length > 0) form.set('scope', options.scopes.join(' '));
    for (const [name, value] of options.endpointParams) form.set(name, value);
    const headers: Record<string, string> = {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    };
    if (inHeader) {
      const pair = [options.clientId, text].map((part) => new URLSearchParams({ '': part }).toString().slice(1));
      headers.authorization = `Basic ${Buffer.from(pair.join(':')).toString('base64')}`;
    } else {
      form.set('client_id', options.clientId);
      if (text !== '') form.set('client_secret', text);
    }
    const dispatcher = await transport.current();
    return exchange(dispatcher, { url: tokenUrl, headers, body: form.toString(), timeoutMs: requestTimeoutMs });
  }

  function isGood({ untilMs, askedAtMs }: Token): boolean {
    return now() - askedAtMs < ASK_INTERVAL_MS || (!doubted && now() < untilMs);
  }

  return {
    async current() {
      if (token !== null && isGood(token)) return token.header;
      asking ??= ask().finally(() => {
        asking = null;
      });
      return asking;
    },
    doubt(refused) {
      if (token !== null && refused === token.header) doubted = true;
    },
    close: () => transport.close(),
  };
}

function read(body: string, askedAtMs: number): Omit<Token, 'askedAtMs'> {
  const parsed = v.safeParse(answered, jsonOf(body));
  if (!parsed.success) {
    throw new SleipnirError('OAUTH2_TOKEN', 'the answer of the token server holds no token', 'Check "token_url".');
  }
  const { access_token, token_type, expires_in } = parsed.output;
  const type = token_type.toLowerCase() === 'bearer' ? 'Bearer' : token_type;
  const lifeMs = expires_in ? expires_in * 1000 : Number.POSITIVE_INFINITY;
  return { header: `${type} ${access_token}`, untilMs: askedAtMs + lifeMs - EXPIRY_MARGIN_MS };
}

/** The body may hold what is secret, so only the error code of the flow (RFC 6749, section 5.2) is told. */
function notGiven(answer: Answer): SleipnirError {
  const advice = 'Check "token_url", "client_id" and the client secret.';
  if ('failure' in answer) {
    return new SleipnirError('OAUTH2_TOKEN', `no token: ${answer.failure}: ${answer.message}`, advice);
  }
  const said = v.safeParse(refusal, jsonOf(answer.body));
  const why = said.success ? ` ${said.output.error}` : '';
  return new SleipnirError('OAUTH2_TOKEN', `no token: the token server answered ${answer.status}${why}`, advice);
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
