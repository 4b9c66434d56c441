/**
 * Arguments and blocks that are read and checked, and that nothing carries out yet: using them is refused, so that nobody
 * believes in what does not happen. By path in the tables; the text says why. Whoever wires one takes its line out.
 */
export const unwired: Readonly<Record<string, string>> = {
  'http/auth': 'the HTTP server has no authentication yet',
  'http/tls': 'the HTTP server speaks plain HTTP only',
  'logging/write_to': 'its own log is not sent through a pipeline',
  'local.file_match/ignore_older_than': 'files are collected whatever their age',
  'loki.source.file/encoding': 'only UTF-8 and bytes as they are can be read',
  'loki.source.file/decompression': 'only rotated generations of a log are decompressed, and they are without asking',
  'loki.source.file/file_match/ignore_older_than': 'files are collected whatever their age',
  'loki.source.file/legacy_positions_file': 'positions of another collector are not taken over',
  'loki.write/max_streams': 'streams are not limited',
  'loki.write/endpoint/headers': 'further headers are not sent',
  'loki.write/endpoint/http_headers': 'further headers are not sent',
  'loki.write/endpoint/bearer_token': 'the token is only read from "bearer_token_file"',
  'loki.write/endpoint/proxy_url': 'pushes go straight to the endpoint',
  'loki.write/endpoint/no_proxy': 'pushes go straight to the endpoint',
  'loki.write/endpoint/proxy_from_environment': 'pushes go straight to the endpoint',
  'loki.write/endpoint/proxy_connect_header': 'pushes go straight to the endpoint',
  'loki.write/endpoint/authorization': 'use "bearer_token_file" or "basic_auth"',
  'loki.write/endpoint/oauth2': 'use "bearer_token_file" or "basic_auth"',
  'loki.write/endpoint/basic_auth/password': 'the password is only read from "password_file"',
  'loki.write/endpoint/tls_config/ca_pem': 'certificates are only read from files',
  'loki.write/endpoint/tls_config/cert_pem': 'certificates are only read from files',
  'loki.write/endpoint/tls_config/key_pem': 'keys are only read from files',
  'loki.write/endpoint/tls_config/server_name': 'the name in the URL is the one that is checked',
  'loki.write/endpoint/tls_config/insecure_skip_verify': 'certificates are always checked; name your CA with "ca_file"',
  'loki.write/endpoint/tls_config/min_version': 'the least version is TLS 1.2',
};
