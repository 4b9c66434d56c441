import type { Answer } from '../../src/push/verdict.js';
import { decode } from '../workers/harness.js';

/** An entry as it came, with how often and whether it may come again. */
export interface Stored {
  labels: string;
  stream: string;
  ns: bigint;
  content: string;
  arrivals: number;
  /** The life of the collector that sent it last. */
  life: number;
  /** It was in flight at a kill, or its push was never answered. */
  mayRepeat: boolean;
  /** The position behind it is known to be stored. */
  committed: boolean;
}

export type AnswerKind = 'ok' | 'refusedInPart' | 'unanswered' | 'storedThen500' | '503' | '429' | 'reset' | '413';

interface Pending {
  push: Uint8Array;
  entries: number;
  answer(answer: Answer): void;
}

/** An endpoint whose pushes wait until the model answers them, and that stores an entry once, as Loki does. */
export class ModelLoki {
  readonly stored = new Map<string, Stored>();
  /** What came again and should not have. */
  readonly repeated: string[] = [];
  pending: Pending[] = [];
  life = 0;
  /** Entries of the pushes of which it has said that they are stored, and those of them that it refused for themselves. */
  told = { stored: 0, refused: 0 };

  send(push: Uint8Array, signal?: AbortSignal): Promise<Answer> {
    return new Promise((resolve) => {
      const entries = decode(push).reduce((sum, stream) => sum + stream.entries.length, 0);
      const callOff = () => {
        this.pending = this.pending.filter((each) => each !== pending);
        resolve({ failure: 'ABORTED', message: 'called off' });
      };
      const pending = {
        push,
        entries,
        answer(answer: Answer) {
          signal?.removeEventListener('abort', callOff);
          resolve(answer);
        },
      };
      this.pending.push(pending);
      signal?.addEventListener('abort', callOff);
    });
  }

  answer(which: number, kind: AnswerKind): void {
    const [pending] = this.pending.splice(which % this.pending.length, 1);
    if (pending === undefined) return;
    const lasting = kind === 'ok' || kind === 'refusedInPart';
    if (lasting) {
      const refused = kind === 'ok' ? 0 : Math.ceil(pending.entries / 2);
      this.told.stored += pending.entries - refused;
      this.told.refused += refused;
    }
    if (lasting || kind === 'unanswered' || kind === 'storedThen500') this.#store(pending.push, !lasting);
    pending.answer(answerOf(kind === '413' && pending.entries < 3 ? '503' : kind, pending.entries));
  }

  /** What is not known to be committed may come again. */
  allowRepeats(): void {
    for (const entry of this.stored.values()) if (!entry.committed) entry.mayRepeat = true;
  }

  /** Positions are stored behind everything that has come, or what has come in one life. */
  commit(life: number | null = null): void {
    for (const entry of this.stored.values()) {
      if (life !== null && entry.life !== life) continue;
      entry.committed = true;
      entry.mayRepeat = false;
    }
  }

  #store(push: Uint8Array, mayRepeat: boolean): void {
    const { life } = this;
    for (const { labels, entries } of decode(push)) {
      const [container, namespace, pod] = ['container', 'namespace', 'pod'].map(
        (name) => labels.find(([key]) => key === name)?.[1],
      );
      const extra = labels.length === 3 ? '' : ` and ${labels.length - 3} more`;
      const name = `${container} ${namespace} ${pod}${extra}`;
      for (const { stream, ns, content } of entries) {
        const key = `${name}|${stream}|${ns}|${content}`;
        const known = this.stored.get(key);
        if (known === undefined) {
          this.stored.set(key, { labels: name, stream, ns, content, arrivals: 1, mayRepeat, committed: false, life });
          continue;
        }
        known.arrivals += 1;
        known.life = life;
        if (!known.mayRepeat) this.repeated.push(key);
        known.mayRepeat ||= mayRepeat;
      }
    }
  }
}

function answerOf(kind: AnswerKind, entries: number): Answer {
  if (kind === 'refusedInPart') {
    const body = `entry with timestamp 2026-01-01 00:00:00 +0000 UTC ignored, reason: 'entry too far behind',\ntotal ignored: ${Math.ceil(entries / 2)} out of ${entries}`;
    return { status: 400, body, retryAfter: null, location: null };
  }
  if (kind === 'unanswered') return { failure: 'REQUEST_TIMEOUT', message: 'no answer' };
  if (kind === 'reset') return { failure: 'ECONNRESET', message: 'it broke' };
  const status = kind === 'ok' ? 204 : kind === 'storedThen500' ? 500 : Number(kind);
  return { status, body: '', retryAfter: null, location: null };
}
