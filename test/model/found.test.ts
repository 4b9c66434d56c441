import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Step, take } from './steps.js';
import { turnWatchingOff, World } from './world.js';

/** Ways that once went wrong, as the model has found and shrunk them. */
const FOUND: Record<string, Step[]> = {
  'what was open before a copytruncate is sent, though the file is truncated once more': [
    { do: 'part', at: 2, stream: 'stderr', bytes: 0 },
    { do: 'copyTruncate', at: 2 },
    { do: 'write', at: 2, stream: 'stdout', bytes: 0, lines: 1 },
    { do: 'settleAll' },
    { do: 'truncate', at: 2 },
    { do: 'part', at: 0, stream: 'stdout', bytes: 0 },
  ],
  'an entry in parts, torn by a truncation that nobody could see': [
    { do: 'write', at: 2, stream: 'stdout', bytes: 0, lines: 1 },
    { do: 'tick' },
    { do: 'part', at: 2, stream: 'stderr', bytes: 0 },
    { do: 'copyTruncate', at: 2 },
    { do: 'lastPart', at: 2, stream: 'stderr', bytes: 0 },
    { do: 'work', which: 0, times: 1 },
    { do: 'answer', which: 0, kind: 'unanswered' },
    { do: 'kill' },
    { do: 'start' },
  ],
  'a compressed file has the inode of one that is in the spool': [
    { do: 'write', at: 0, stream: 'stdout', bytes: 0, lines: 1 },
    { do: 'rotate', at: 0 },
    { do: 'write', at: 0, stream: 'stdout', bytes: 0, lines: 1 },
    { do: 'rotate', at: 0 },
    { do: 'tick' },
    { do: 'work', which: 0, times: 1 },
    { do: 'kill' },
    { do: 'compress', at: 0 },
    { do: 'compress', at: 0 },
    { do: 'compress', at: 0 },
    { do: 'start' },
    { do: 'stop', answered: false },
    { do: 'beginRotation', at: 0 },
  ],
  'truncated and read again before that can be seen: nothing is joined with itself': [
    { do: 'write', at: 2, stream: 'stdout', bytes: 0, lines: 2 },
    { do: 'tick' },
    { do: 'truncate', at: 2 },
    { do: 'part', at: 2, stream: 'stdout', bytes: 0 },
    { do: 'delete', at: 0 },
  ],
  'at the end, a compressed file that is read takes no room in the spool from an unread one': [
    { do: 'burst', at: 0, rotations: 2, bytes: 0 },
    { do: 'part', at: 0, stream: 'stdout', bytes: 0 },
    { do: 'settleAll' },
    { do: 'rotate', at: 0 },
    { do: 'kill' },
    { do: 'startAmid', acts: [] },
    { do: 'tick' },
    { do: 'write', at: 0, stream: 'stdout', bytes: 0, lines: 2 },
    { do: 'delete', at: 0 },
    { do: 'tick' },
    { do: 'stop', answered: false },
    { do: 'startAmid', acts: [] },
  ],
  'copied to the spool from where the file stood before it was truncated': [
    { do: 'part', at: 2, stream: 'stdout', bytes: 0 },
    { do: 'settleAll' },
    { do: 'copyTruncate', at: 2 },
    { do: 'write', at: 2, stream: 'stdout', bytes: 0, lines: 2 },
    { do: 'delete', at: 2 },
    { do: 'tick' },
    { do: 'work', which: 0, times: 2 },
    { do: 'tick' },
    { do: 'work', which: 0, times: 1 },
    { do: 'answer', which: 0, kind: 'ok' },
    { do: 'kill' },
    { do: 'rotate', at: 0 },
  ],
  'what was read just when the file was truncated is read on in the copy': [
    { do: 'write', at: 2, stream: 'stdout', bytes: 0, lines: 1 },
    { do: 'tick' },
    { do: 'write', at: 2, stream: 'stdout', bytes: 404, lines: 4 },
    { do: 'work', which: 0, times: 3 },
    { do: 'work', which: 3, times: 3 },
    { do: 'copyTruncate', at: 2 },
    { do: 'work', which: 0, times: 1 },
    { do: 'write', at: 0, stream: 'stdout', bytes: 0, lines: 1 },
  ],
  'an entry that goes on behind a copy, after one that was open before an unseen truncation': [
    { do: 'part', at: 2, stream: 'stdout', bytes: 0 },
    { do: 'settleAll' },
    { do: 'truncate', at: 2 },
    { do: 'part', at: 2, stream: 'stderr', bytes: 0 },
    { do: 'copyTruncate', at: 2 },
    { do: 'restart', at: 2 },
  ],
  'the same, and the truncated file has the very size that was read': [
    { do: 'part', at: 2, stream: 'stdout', bytes: 0 },
    { do: 'settleAll' },
    { do: 'truncate', at: 2 },
    { do: 'part', at: 2, stream: 'stderr', bytes: 0 },
    { do: 'copyTruncate', at: 2 },
    { do: 'lastPart', at: 2, stream: 'stdout', bytes: 0 },
    { do: 'settleAll' },
    { do: 'lastPart', at: 2, stream: 'stderr', bytes: 0 },
  ],
  'a copy in the spool has the inode of a file that was read and compressed before': [
    { do: 'write', at: 1, stream: 'stdout', bytes: 0, lines: 1 },
    { do: 'stop', answered: false },
    { do: 'startAmid', acts: [{ do: 'rotate', at: 1 }] },
    { do: 'settleAll' },
    { do: 'half', at: 1, stream: 'stdout', bytes: 0, share: 0.1 },
    { do: 'tick' },
    { do: 'rotate', at: 1 },
    { do: 'work', which: 0, times: 1 },
    { do: 'write', at: 1, stream: 'stdout', bytes: 0, lines: 1 },
    { do: 'rescan' },
    { do: 'work', which: 0, times: 2 },
    { do: 'answer', which: 0, kind: 'unanswered' },
    { do: 'answer', which: 0, kind: 'ok' },
    { do: 'burst', at: 1, rotations: 2, bytes: 0 },
    { do: 'tick' },
    { do: 'work', which: 0, times: 1 },
    { do: 'kill' },
    { do: 'part', at: 0, stream: 'stdout', bytes: 0 },
  ],
  'compressed under another name and deleted, before it was known what it is': [
    { do: 'burst', at: 0, rotations: 2, bytes: 0 },
    { do: 'stop', answered: false },
    { do: 'write', at: 0, stream: 'stdout', bytes: 0, lines: 1 },
    { do: 'beginRotation', at: 0 },
    { do: 'startAmid', acts: [] },
    { do: 'undoRotation', at: 0 },
    { do: 'burst', at: 0, rotations: 2, bytes: 0 },
  ],
  'what was open is sent, though its file is truncated while the collector is down': [
    { do: 'part', at: 2, stream: 'stdout', bytes: 0 },
    { do: 'copyTruncate', at: 2 },
    { do: 'write', at: 2, stream: 'stderr', bytes: 0, lines: 1 },
    { do: 'settleAll' },
    { do: 'truncate', at: 2 },
    { do: 'kill' },
  ],
  'a log that rests grows, and is read for an answer to what was there before it was truncated': [
    { do: 'settleAll' },
    { do: 'write', at: 2, stream: 'stdout', bytes: 0, lines: 1 },
    { do: 'tick' },
    { do: 'work', which: 0, times: 1 },
    { do: 'truncate', at: 2 },
    { do: 'tick' },
    { do: 'write', at: 2, stream: 'stdout', bytes: 42, lines: 3 },
    { do: 'write', at: 2, stream: 'stdout', bytes: 54, lines: 1 },
    { do: 'part', at: 2, stream: 'stdout', bytes: 16 },
    { do: 'answer', which: 0, kind: 'ok' },
    { do: 'part', at: 2, stream: 'stdout', bytes: 54 },
    { do: 'work', which: 0, times: 1 },
  ],
};

turnWatchingOff();

for (const [name, steps] of Object.entries(FOUND)) {
  test(name, async (t) => {
    const world = new World();
    t.after(() => world.close());
    await world.start();
    for (const step of steps) await take(step, world);
    assert.deepEqual(await world.end(), []);
  });
}
