import { retryAfterMs } from './backoff.js';
import type { Refusal } from './refusals.js';
import { firstLine, refusalsIn, streamIn } from './refusals.js';

/** What came back for one push: an HTTP answer, or why there is none. */
export type Answer =
  | {
      status: number;
      /** The header as it came, or null. */
      retryAfter: string | null;
      /** The header as it came, or null. */
      location: string | null;
      /** The beginning of the body. */
      body: string;
    }
  | {
      /** An errno, TLS or HTTP client code: `ECONNREFUSED`, `REQUEST_TIMEOUT`, ... */
      failure: string;
      message: string;
    };

/**
 * What an answer means for the push it answers. `detail` is for our own log: no line of any log is in it.
 * `reason` is a short constant, fit to label a metric.
 */
export type Verdict =
  /** Every line is stored. */
  | { kind: 'stored' }
  /** Those lines are refused for what they are, and no repeat helps them; all others are stored. */
  | { kind: 'storedInPart'; refused: Refusal[]; detail: string }
  /** The same push may be taken later. `endpoint`: no push would do better now. `job`: another one may. */
  | { kind: 'again'; scope: 'endpoint' | 'job'; retryAfterMs: number | null; reason: string; detail: string }
  /** Nothing is stored: the push is larger than the endpoint takes. */
  | { kind: 'smaller'; reason: 'too_large'; detail: string }
  /** Nothing is stored, for the sake of one stream whose labels do not parse; `labels` when the answer names it. */
  | { kind: 'withoutStream'; labels: string | null; detail: string }
  /** The endpoint takes no structured metadata; what bears none may be stored. */
  | { kind: 'withoutMetadata'; detail: string }
  /** No repeat helps, and nothing says that any line is stored. */
  | { kind: 'refused'; reason: string; detail: string };

/** The statuses by which Loki speaks about the content of a push; any other 4xx is about the way to it. */
const CONTENT_STATUSES = new Set([400, 422]);

// The texts below are those of grafana/loki: pkg/loghttp/push/push.go, pkg/distributor, pkg/ingester/stream.go,
// pkg/validation/validate.go, pkg/util/http.go; of gRPC where a push passes between Loki's parts; of dskit for tenants.
const TOO_LARGE =
  /message size too large|message too large|request body too large|(?:received|trying to send) message (?:after decompression )?larger than max|http: request body too large/i;
const LABELS_DO_NOT_PARSE =
  /couldn't parse labels|^\d+:\d+: parse error|^(?:error parsing labels: )?parse error at line/i;
const NO_METADATA = /includes structured metadata, but this feature is disallowed/;
const NO_STREAMS = /at least one valid stream is required for ingestion/;
const STREAM_RATE = /per stream rate limit exceeded/i;
const STREAM_LIMIT = /maximum active stream limit exceeded|per-user streams limit exceeded/i;
const BLOCKED = /ingestion blocked for user/i;
const NEEDS_HTTPS = /sent (?:an HTTP request to an HTTPS server|to HTTPS port)/i;
const BAD_TENANT = /\btenant ID (?:is too long|is '\.'|'.*' contains unsupported)|multiple org IDs present|no org id/i;
const HTML = /^\s*<(?:!doctype|html)/i;

/**
 * The verdict table: what to do about an answer. Pure, except that an HTTP date in Retry-After is read against `nowMs`
 * (milliseconds since the epoch). Rows are tried in order.
 */
export function judge(answer: Answer, nowMs: number = Date.now()): Verdict {
  if ('failure' in answer) return again('endpoint', 'network', `${answer.failure}: ${answer.message}`);
  const { status, body } = answer;
  const said = firstLine(body);
  const detail = said === '' ? `status ${status}` : `status ${status}: ${said}`;
  const waitMs = retryAfterMs(answer.retryAfter, nowMs);

  // A blocked tenant is told so with status 260 by default, which is not to be taken for success.
  if (BLOCKED.test(body)) {
    return again(body.includes('(policy:') ? 'job' : 'endpoint', 'ingestion_blocked', detail, waitMs);
  }
  if (status >= 200 && status < 300) return { kind: 'stored' };
  if (status < 400) {
    const where = answer.location === null ? 'elsewhere' : firstLine(answer.location);
    return again(
      'endpoint',
      'redirected',
      `status ${status} to ${where}; only 307 and 308 to the same host are followed: give the final address as the URL`,
      waitMs,
    );
  }
  if (status === 413 || TOO_LARGE.test(body)) return { kind: 'smaller', reason: 'too_large', detail };
  if (status === 429) return rateLimited(body, detail, waitMs);
  if (status >= 500) return again('endpoint', 'server_error', detail, waitMs);
  if (status === 401 || status === 403 || status === 407) {
    return again('endpoint', 'unauthorized', `${detail}; the credential is read anew for the next try`, waitMs);
  }
  if (status === 404 || status === 405) {
    return again('endpoint', 'no_push_api', `${detail}; does the URL end in /loki/api/v1/push?`, waitMs);
  }
  if (status === 408 || status === 425) return again('endpoint', 'timeout', detail, waitMs);
  if (!CONTENT_STATUSES.has(status)) return again('endpoint', 'unexpected_status', detail, waitMs);
  return content(status, body, detail, waitMs);
}

function rateLimited(body: string, detail: string, waitMs: number | null): Verdict {
  if (STREAM_RATE.test(body)) return again('job', 'per_stream_rate_limit', detail, waitMs);
  if (STREAM_LIMIT.test(body)) return again('job', 'stream_limit', detail, waitMs);
  return again('endpoint', 'rate_limited', detail, waitMs);
}

/** The rows of 400 and 422. */
function content(status: number, body: string, detail: string, waitMs: number | null): Verdict {
  if (NEEDS_HTTPS.test(body)) {
    return again('endpoint', 'needs_https', `${detail}; give the URL as https://...`, waitMs);
  }
  if (BAD_TENANT.test(body))
    return again('endpoint', 'bad_tenant', `${detail}; see the tenant of the endpoint`, waitMs);
  // Loki answers in plain text. A page is from something between, which cannot say that Loki will never take this.
  if (HTML.test(body)) return again('endpoint', 'not_loki', detail, waitMs);
  if (NO_METADATA.test(body)) return { kind: 'withoutMetadata', detail };
  if (LABELS_DO_NOT_PARSE.test(body)) return { kind: 'withoutStream', labels: streamIn(body), detail };
  // A 400 for lines too far behind may also list lines that were only over the rate: a repeat stores those.
  if (STREAM_RATE.test(body)) return again('job', 'per_stream_rate_limit', detail, waitMs);
  const refused = refusalsIn(body);
  if (refused.length > 0) return { kind: 'storedInPart', refused, detail };
  return { kind: 'refused', reason: NO_STREAMS.test(body) ? 'no_streams' : `unknown_${status}`, detail };
}

function again(scope: 'endpoint' | 'job', reason: string, detail: string, waitMs: number | null = null): Verdict {
  return { kind: 'again', scope, retryAfterMs: waitMs, reason, detail };
}
