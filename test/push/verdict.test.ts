import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Answer, Verdict } from '../../src/push/verdict.js';
import { judge } from '../../src/push/verdict.js';
import { failure, http, STREAM_LIMITED, TENANT_LIMITED } from './kit.js';

const POD = '{container="c", pod="p"}';

/** Everything of a verdict but the text for the log. */
function short(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'again':
      return `again ${verdict.scope} ${verdict.reason}${verdict.retryAfterMs === null ? '' : ` ${verdict.retryAfterMs}`}`;
    case 'storedInPart':
      return `storedInPart ${verdict.refused.map(({ reason, lines, unit, stream }) => `${reason} ${lines} ${unit} ${stream}`).join(', ')}`;
    case 'withoutStream':
      return `withoutStream ${verdict.labels}`;
    case 'refused':
      return `refused ${verdict.reason}`;
    default:
      return verdict.kind;
  }
}

const tooLong = `max entry size '262144' bytes exceeded for stream '${POD}' while adding an entry with length '262145' bytes`;
const tooFarBehind = (second: number) =>
  `entry with timestamp 2025-03-01 10:00:0${second}.5 +0000 UTC ignored, reason: 'entry too far behind, entry timestamp is: 2025-03-01T10:00:0${second}Z, oldest acceptable timestamp is: 2025-03-01T12:00:00Z',`;

const ROWS: [name: string, answer: Answer, verdict: string][] = [
  ['200', http(200), 'stored'],
  ['204', http(204), 'stored'],
  ['connection refused', failure('ECONNREFUSED'), 'again endpoint network'],
  ['connection reset', failure('ECONNRESET'), 'again endpoint network'],
  ['name does not resolve', failure('ENOTFOUND'), 'again endpoint network'],
  ['no answer in time', failure('REQUEST_TIMEOUT'), 'again endpoint network'],
  ['certificate not trusted', failure('DEPTH_ZERO_SELF_SIGNED_CERT'), 'again endpoint network'],
  ['301', http(301, '', { location: 'https://x/' }), 'again endpoint redirected'],
  ['302 without a place', http(302), 'again endpoint redirected'],
  ['307', http(307, '', { location: 'https://x/' }), 'again endpoint redirected'],
  ['401', http(401, 'no org id\n'), 'again endpoint unauthorized'],
  ['403', http(403, '<html>forbidden</html>'), 'again endpoint unauthorized'],
  ['407', http(407), 'again endpoint unauthorized'],
  ['404', http(404, '404 page not found\n'), 'again endpoint no_push_api'],
  ['405', http(405), 'again endpoint no_push_api'],
  ['408', http(408), 'again endpoint timeout'],
  ['425', http(425), 'again endpoint timeout'],
  ['a 4xx that is not about content', http(418, 'a teapot'), 'again endpoint unexpected_status'],
  ['499', http(499, 'context canceled'), 'again endpoint unexpected_status'],
  ['500', http(500, 'at least 2 live replicas required, could only find 1'), 'again endpoint server_error'],
  ['502', http(502, '<html><h1>502 Bad Gateway</h1></html>'), 'again endpoint server_error'],
  [
    '503 with a wait',
    http(503, 'Ingester is shutting down', { retryAfter: '12' }),
    'again endpoint server_error 12000',
  ],
  ['504', http(504), 'again endpoint server_error'],
  ['429 of the tenant', TENANT_LIMITED, 'again endpoint rate_limited'],
  ['429 of a proxy', http(429, '', { retryAfter: '3' }), 'again endpoint rate_limited 3000'],
  ['429 of a stream', STREAM_LIMITED, 'again job per_stream_rate_limit'],
  [
    '429 of entries of a stream',
    http(
      429,
      `entry with timestamp 2025-03-01 10:00:00 +0000 UTC ignored, reason: 'Per stream rate limit exceeded (limit: 3MB/sec) while attempting to ingest for stream '${POD}' totaling 100B, consider splitting a stream via additional labels or contact your Loki administrator to see if the limit can be increased',\nuser 'fake', total ignored: 1 out of 3 for stream: ${POD}`,
    ),
    'again job per_stream_rate_limit',
  ],
  [
    '429 of the number of streams',
    http(
      429,
      `maximum active stream limit exceeded when trying to create stream ${POD}, reduce the number of active streams (reduce labels or reduce label values), or contact your Loki administrator to see if the limit can be increased, user: 'fake'`,
    ),
    'again job stream_limit',
  ],
  [
    'ingestion blocked, told with 260',
    http(260, "ingestion blocked for user 'fake' until '2030-01-01T00:00:00Z' with status code '260'"),
    'again endpoint ingestion_blocked',
  ],
  [
    'ingestion blocked for some streams',
    http(260, "ingestion blocked for user 'fake' (policy: 'p') until '2030-01-01T00:00:00Z' with status code '260'"),
    'again job ingestion_blocked',
  ],
  ['413', http(413, '<html>Request Entity Too Large</html>'), 'smaller'],
  [
    'too large after decompression',
    http(413, 'request body too large: decompressed message size too large than max (600000000 vs 524288000)'),
    'smaller',
  ],
  ['too large, as 400', http(400, 'message size too large than max (20 vs 10)'), 'smaller'],
  [
    'too large between the parts of Loki',
    http(500, 'rpc error: code = ResourceExhausted desc = grpc: received message larger than max (9 vs 4)'),
    'smaller',
  ],
  [
    'too large to be sent on',
    http(500, 'rpc error: code = ResourceExhausted desc = trying to send message larger than max (9 vs 4)'),
    'smaller',
  ],
  [
    'labels that do not parse',
    http(400, "couldn't parse labels: 1:2: parse error: unexpected character inside braces: '!'\n"),
    'withoutStream null',
  ],
  [
    'the same, before 3.0',
    http(400, "1:225: parse error: unexpected character inside braces: '.'\n"),
    'withoutStream null',
  ],
  [
    'the same, as it was first written',
    http(400, 'parse error at line 1, col 2: syntax error: unexpected }, expecting IDENTIFIER'),
    'withoutStream null',
  ],
  [
    'labels that do not parse, of a stream that is named',
    http(400, `couldn't parse labels: ${POD}: parse error`),
    `withoutStream ${POD}`,
  ],
  [
    'labels refused by the distributor alone',
    http(400, `error parsing labels '{a="b", a="c"}' with error: duplicate label`),
    'storedInPart invalid_labels 1 stream {a="b", a="c"}',
  ],
  [
    'structured metadata is not allowed',
    http(
      400,
      `3 errors like: stream '${POD}' includes structured metadata, but this feature is disallowed. Please see \`limits_config.allow_structured_metadata\` or contact your Loki administrator to enable it`,
    ),
    'withoutMetadata',
  ],
  ['one line too long', http(400, `${tooLong}\n`), `storedInPart line_too_long 1 entry ${POD}`],
  ['the same, capitalised as in 3.4', http(400, `M${tooLong.slice(1)}`), `storedInPart line_too_long 1 entry ${POD}`],
  [
    'lines of several kinds',
    http(
      400,
      `2 errors like: ${tooLong}; 7 errors like: entry for stream '${POD}' has timestamp too new: 2030-01-01T00:00:00Z`,
    ),
    `storedInPart line_too_long 2 entry ${POD}, too_far_in_future 7 entry ${POD}`,
  ],
  [
    'lines that differ only in their time',
    http(
      400,
      [1, 2, 3]
        .map(
          (day) =>
            `1 errors like: entry for stream '${POD}' has timestamp too old: 2020-01-0${day}T00:00:00Z, oldest acceptable timestamp is: 2025-01-01T00:00:00Z`,
        )
        .join('; '),
    ),
    `storedInPart greater_than_max_sample_age 3 entry ${POD}`,
  ],
  [
    'lines too far behind, more than are listed',
    http(400, `${tooFarBehind(1)}\n${tooFarBehind(2)}\nuser 'fake', total ignored: 12 out of 40 for stream: ${POD}`),
    `storedInPart too_far_behind 12 entry ${POD}`,
  ],
  [
    'lines too far behind, as in 2.4',
    http(
      400,
      `entry with timestamp 2021-11-07 13:16:59 +0000 UTC ignored, reason: 'entry too far behind' for stream: ${POD},\ntotal ignored: 1 out of 1`,
    ),
    `storedInPart too_far_behind 1 entry ${POD}`,
  ],
  [
    'lines out of order',
    http(
      400,
      `entry with timestamp 2021-07-17 06:34:49 +0000 UTC ignored, reason: 'entry out of order' for stream: ${POD},\ntotal ignored: 5 out of 5`,
    ),
    `storedInPart out_of_order 5 entry ${POD}`,
  ],
  [
    'lines too far behind among lines over the rate',
    http(
      400,
      `entry with timestamp 2025-03-01 10:00:00 +0000 UTC ignored, reason: 'Per stream rate limit exceeded (limit: 3MB/sec) while attempting to ingest for stream '${POD}' totaling 100B, consider splitting',\n${tooFarBehind(1)}\nuser 'fake', total ignored: 2 out of 3 for stream: ${POD}`,
    ),
    'again job per_stream_rate_limit',
  ],
  [
    'structured metadata too large',
    http(400, `stream '${POD}' has structured metadata too large: '70000' bytes, limit: '65536' bytes. Please see`),
    `storedInPart structured_metadata_too_large 1 entry ${POD}`,
  ],
  [
    'structured metadata too many',
    http(400, `stream '${POD}' has too many structured metadata labels: '200', limit: '128'. Please see`),
    `storedInPart structured_metadata_too_many 1 entry ${POD}`,
  ],
  [
    'too many labels',
    http(400, `entry for stream '${POD}' has 16 label names; limit 15`),
    `storedInPart max_label_names_per_series 1 stream ${POD}`,
  ],
  [
    'label name too long',
    http(400, `stream '${POD}' has label name too long: 'nnnn'`),
    `storedInPart label_name_too_long 1 stream ${POD}`,
  ],
  [
    'label value too long',
    http(400, `stream '${POD}' has label value too long: 'vvvv'`),
    `storedInPart label_value_too_long 1 stream ${POD}`,
  ],
  [
    'label twice',
    http(400, `stream '${POD}' has duplicate label name: 'pod'`),
    `storedInPart duplicate_label_names 1 stream ${POD}`,
  ],
  [
    'no labels',
    http(400, 'error at least one label pair is required per stream'),
    'storedInPart missing_labels 1 stream null',
  ],
  [
    'labels that are asked for',
    http(400, `missing required labels 'team' for user 'fake' for stream '${POD}' (policy: '')`),
    `storedInPart missing_enforced_labels 1 stream ${POD}`,
  ],
  [
    'labels that speak of something else',
    http(400, `max entry size '10' bytes exceeded for stream '{pod="has timestamp too old; 9 errors like: "}' while`),
    'storedInPart line_too_long 1 entry {pod="has timestamp too old; 9 errors like: "}',
  ],
  ['nothing in it', http(422, 'error at least one valid stream is required for ingestion'), 'refused no_streams'],
  [
    'http to a https port',
    http(400, 'Client sent an HTTP request to an HTTPS server.\n'),
    'again endpoint needs_https',
  ],
  [
    'http to a https port of nginx',
    http(400, '<html>The plain HTTP request was sent to HTTPS port</html>'),
    'again endpoint needs_https',
  ],
  ['a tenant that cannot be', http(400, 'tenant ID is too long: max 150 characters'), 'again endpoint bad_tenant'],
  ['a page of a proxy', http(400, '<!DOCTYPE html><title>Bad Request</title>'), 'again endpoint not_loki'],
  ['a 400 nobody knows', http(400, 'the moon is full'), 'refused unknown_400'],
  ['an empty 400', http(400), 'refused unknown_400'],
  ['a 422 nobody knows', http(422, 'the moon is new'), 'refused unknown_422'],
];

for (const [name, answer, verdict] of ROWS) {
  test(`verdict: ${name}`, () => assert.equal(short(judge(answer, 0)), verdict));
}

test('what to do is part of what is logged', () => {
  const detail = (answer: Answer) => {
    const verdict = judge(answer);
    return 'detail' in verdict ? verdict.detail : '';
  };
  assert.match(
    detail(http(301, '', { location: 'https://loki.example/push' })),
    /https:\/\/loki\.example\/push.*as the URL/,
  );
  assert.match(detail(http(404)), /does the URL end in/);
  assert.match(detail(failure('ECONNREFUSED')), /ECONNREFUSED/);
});

test('no quoted passage, control character or long text of an answer reaches the log', () => {
  const entry = 'password=hunter2 '.repeat(5);
  for (const body of [`bad line "${entry}" at 3`, `bad line '${entry}`, `${'x'.repeat(5000)}`, '\u001b[31mred\u0007']) {
    const verdict = judge(http(400, body));
    assert.equal(verdict.kind, 'refused');
    if (verdict.kind !== 'refused') return;
    assert.doesNotMatch(verdict.detail, /hunter2|\p{Cc}/u);
    assert.ok(verdict.detail.length < 400);
  }
  assert.equal(judge(http(400, '\n\nsecond\nthird')).kind, 'refused');
});

test('every answer has a verdict, and only 2xx and named 400s count as stored', () => {
  const body = fc.oneof(
    fc.string(),
    fc.constantFrom(...ROWS.flatMap(([, answer]) => ('body' in answer ? [answer.body] : []))),
  );
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 599 }), body, fc.option(fc.string()), (status, text, retryAfter) => {
      const verdict = judge({ status, body: text, retryAfter, location: null });
      if (verdict.kind === 'stored') assert.ok(status < 300);
      if (verdict.kind === 'storedInPart' || verdict.kind === 'refused') assert.ok(status === 400 || status === 422);
      if (verdict.kind === 'storedInPart') assert.ok(verdict.refused.length > 0);
    }),
  );
});
