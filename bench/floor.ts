import { closeSync, openSync, readSync } from 'node:fs';
import { compressSync } from 'snappy';

// The floor under every collector on this runtime: the files are read in pieces of 1 MiB and each piece is compressed,
// nothing else. Prints what that took as JSON. Arguments: the files.
const PIECE_BYTES = 1024 * 1024;

const buffer = Buffer.allocUnsafe(PIECE_BYTES);
let bytes = 0;
let compressedBytes = 0;
const startMs = performance.now();
const before = process.cpuUsage();
for (const path of process.argv.slice(2)) {
  const fd = openSync(path, 'r');
  for (;;) {
    const length = readSync(fd, buffer, 0, PIECE_BYTES, null);
    if (length === 0) break;
    bytes += length;
    // Without this option snappy keeps a buffer of the largest possible size for each call.
    compressedBytes += compressSync(buffer.subarray(0, length), { copyOutputData: true }).length;
  }
  closeSync(fd);
}
const { user, system } = process.cpuUsage(before);
const seconds = (performance.now() - startMs) / 1000;
process.stdout.write(`${JSON.stringify({ bytes, compressedBytes, cpuSeconds: (user + system) / 1e6, seconds })}\n`);
