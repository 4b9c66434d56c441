/**
 * Arguments and blocks that are read and checked, and that nothing carries out yet: using them is refused, so that nobody
 * believes in what does not happen. By path in the tables; the text says why. Whoever wires one takes its line out.
 */
export const unwired: Readonly<Record<string, string>> = {
  'http/auth': 'the HTTP server has no authentication yet',
  'http/tls': 'the HTTP server speaks plain HTTP only',
  'logging/write_to': 'its own log is not sent through a pipeline',
  'loki.source.file/encoding': 'only UTF-8 and bytes as they are can be read',
  'loki.source.file/decompression': 'only rotated generations of a log are decompressed, and they are without asking',
  'loki.write/max_streams': 'streams are not limited',
};
