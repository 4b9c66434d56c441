// Loaded into a collector before everything else: a node that has no inotify watches left.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

fs.watch = () => {
  throw Object.assign(new Error('no space left for watches'), { code: 'ENOSPC' });
};
syncBuiltinESMExports();
