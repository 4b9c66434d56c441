import { readFile, stat } from 'node:fs/promises';

/** The files of a credential, as last read. */
export interface SecretTexts {
  /** Another object for each content that was seen: compare by identity. */
  readonly texts: readonly string[];
}

export interface SecretFiles {
  /**
   * The content of the files, in the order of their paths. Looked at again when a second has passed since the last
   * look. Once they were read, files that became unreadable keep their last content.
   * @throws the error of the system call if they were never read
   */
  current(): Promise<SecretTexts>;
  /** The content was refused: read it again even if the files look untouched. */
  doubt(): void;
}

/** Files are looked at no more often than this. */
const LOOK_INTERVAL_MS = 1000;

/** Keeps the content of files that others rotate, such as mounted secrets. */
export function createSecretFiles(paths: readonly string[], now: () => number = () => performance.now()): SecretFiles {
  let known: SecretTexts | null = paths.length === 0 ? { texts: [] } : null;
  let stamp = '';
  let lookedAt = Number.NEGATIVE_INFINITY;
  let doubted = false;
  let looking: Promise<SecretTexts> | null = null;

  async function look(): Promise<SecretTexts> {
    try {
      const seen = await stampOf(paths);
      if (known !== null && !doubted && seen === stamp) return known;
      doubted = false;
      const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
      stamp = seen;
      if (known === null || texts.some((text, index) => text !== known?.texts[index])) known = { texts };
      return known;
    } catch (error) {
      if (known === null) throw error;
      return known;
    }
  }

  return {
    current() {
      if (known !== null && (paths.length === 0 || now() - lookedAt < LOOK_INTERVAL_MS)) return Promise.resolve(known);
      looking ??= look().finally(() => {
        lookedAt = now();
        looking = null;
      });
      return looking;
    },
    doubt() {
      doubted = true;
    },
  };
}

/** Changes whenever one of the files is written, or replaced as the kubelet replaces a mounted secret. */
async function stampOf(paths: readonly string[]): Promise<string> {
  const stats = await Promise.all(paths.map((path) => stat(path, { bigint: true })));
  return stats.map(({ dev, ino, size, mtimeNs }) => `${dev}.${ino}.${size}.${mtimeNs}`).join(' ');
}
