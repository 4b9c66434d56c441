import { readFile, stat } from 'node:fs/promises';

/** A text that nothing prints. */
export interface Hidden {
  reveal(): string;
}

/** A secret, or the file that holds it. */
export type SecretSource = Hidden | { file: string };

/** The texts of some secrets, as last read. */
export interface SecretTexts {
  /** Another object for each content that was seen: compare by identity. */
  readonly texts: readonly string[];
}

export interface SecretFiles {
  /**
   * The texts, in the order of their sources. Files are looked at again when a second has passed since the last look.
   * Once they were read, files that became unreadable keep their last content.
   * @throws the error of the system call if they were never read
   */
  current(): Promise<SecretTexts>;
  /** The content was refused: read it again even if the files look untouched. */
  doubt(): void;
}

/** Files are looked at no more often than this. */
const LOOK_INTERVAL_MS = 1000;

/** Keeps secrets, and the content of files that others rotate, such as those of mounted secrets. */
export function createSecretFiles(
  sources: readonly SecretSource[],
  now: () => number = () => performance.now(),
): SecretFiles {
  const paths = sources.flatMap((source) => ('file' in source ? [source.file] : []));
  let known: SecretTexts | null = paths.length === 0 ? { texts: given(sources) } : null;
  let stamp = '';
  let lookedAt = Number.NEGATIVE_INFINITY;
  let doubted = false;
  let looking: Promise<SecretTexts> | null = null;

  async function look(): Promise<SecretTexts> {
    try {
      const seen = await stampOf(paths);
      if (known !== null && !doubted && seen === stamp) return known;
      doubted = false;
      const texts = await Promise.all(
        sources.map((source) => ('file' in source ? readFile(source.file, 'utf8') : source.reveal())),
      );
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

function given(sources: readonly SecretSource[]): string[] {
  return sources.flatMap((source) => ('file' in source ? [] : [source.reveal()]));
}

/** Changes whenever one of the files is written, or replaced as the kubelet replaces a mounted secret. */
async function stampOf(paths: readonly string[]): Promise<string> {
  const stats = await Promise.all(paths.map((path) => stat(path, { bigint: true })));
  return stats.map(({ dev, ino, size, mtimeNs }) => `${dev}.${ino}.${size}.${mtimeNs}`).join(' ');
}
