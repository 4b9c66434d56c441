import type { IdentifyJob, IdentifyResult, Mark, Place } from '../protocol.js';
import type { ContainerLog } from './container-log.js';
import type { Descriptors } from './descriptors.js';
import type { Former, Generation, Point } from './generation.js';

/** Asks a worker which remembered places are in which files. */
export type Identify = (job: IdentifyJob) => Promise<IdentifyResult>;

/** Waiting longer for the bytes of one would keep others back. */
const MAX_FAILURES = 5;

/** Something that a newcomer may prove to be: a generation that is known, or what it was before it was truncated. */
interface Candidate {
  generation: Generation;
  point: Point;
  head: Mark;
  former: Former | null;
  epoch: number;
}

/**
 * Tells files seen for the first time under a rotated name from what is known already: another name of a generation
 * (a `.gz` whose plain file was rotated and compressed between two looks), or a copy of the current one, as copytruncate
 * makes it. Those that may be a generation which is not read to its end yet stay unidentified: the more is read of it,
 * the less can another file be taken for it, and they have to wait for it anyway.
 *
 * A copy of what was never read says that the current one was truncated since it was: it is asked as well whether it is
 * what it was, for its size may not tell.
 *
 * @returns the newcomers that are known under another name, and are no longer in the chain; and whether the current one
 * is not what was read of it
 */
export async function identifyNewcomers(
  log: ContainerLog,
  descriptors: Descriptors,
  identify: Identify,
): Promise<{ merged: Generation[]; changed: Generation | null }> {
  const unread = log.generations.findIndex(
    ({ deleted, read, size, done, copyOf }) => deleted && read.offset < size && !done && copyOf === null,
  );
  const newcomers = log.generations.filter(({ unknown }, index) => unknown && (unread === -1 || index <= unread));
  const candidates = log.generations.flatMap(candidatesOf);
  const places = candidates.map(({ point, head }) => ({ offset: point.offset, head, tail: point.tail }));
  const own = candidates.findIndex(({ generation, former }) => former === null && isCurrent(generation));
  const current = candidates[own];
  const mayBe = (generation: Generation, index: number) =>
    generation === current?.generation ? index === own : isPossible(candidates[index] as Candidate, generation);
  const copied = newcomers.some((newcomer) => current !== undefined && isSince(newcomer, current.generation));
  const all = copied && current !== undefined ? [...newcomers, current.generation] : newcomers;
  const asked = await ask(all, places, mayBe, descriptors, identify);
  const mayHaveChanged = copied && current !== undefined && isToRetry(current.generation, asked);
  const merged: Generation[] = [];
  // In the order of their names.
  for (const newcomer of newcomers) {
    if (isToRetry(newcomer, asked)) continue;
    const answers = asked.get(newcomer) ?? [];
    const found = candidates.find(({ former }, index) => answers[index]?.matches === true && !former?.copy);
    if (found === undefined && mayHaveChanged && isSince(newcomer, current.generation)) continue;
    // While a copy is made of it, nobody else may have its file.
    if (found?.generation.fd === null && newcomer.readers > 0) continue;
    if (found === undefined) begin(newcomer);
    // Truncated meanwhile: then it is asked again, for what the other was before.
    else if (found.epoch === found.generation.epoch && place(found, newcomer, descriptors)) merged.push(newcomer);
  }
  const answer = current === undefined ? undefined : asked.get(current.generation)?.[own];
  const isOther = answer?.matches === false && current?.epoch === current?.generation.epoch;
  return { merged, changed: isOther ? (current?.generation ?? null) : null };
}

/** Whether nothing could be said of it, which may be otherwise next time. */
function isToRetry(generation: Generation, asked: ReadonlyMap<Generation, unknown>): boolean {
  return !asked.has(generation) && generation.badReads < MAX_FAILURES;
}

/**
 * The current one, where a file has come that may be a copy of it, and nothing was read of it that would tell whether it
 * was truncated: what is handed out of it may be of what came after the copy.
 */
export function unreadOriginal(log: ContainerLog): Generation | null {
  const current = log.generations.find(isCurrent);
  if (current === undefined || current.head !== null) return null;
  return log.generations.some((newcomer) => newcomer.unknown && isSince(newcomer, current)) ? current : null;
}

/** What nothing was read of would be found in every file. */
function candidatesOf(generation: Generation): Candidate[] {
  const { unidentified, head, read, formers, epoch } = generation;
  const found: Candidate[] = [];
  if (!unidentified && head !== null) found.push({ generation, point: read, head, former: null, epoch });
  for (const former of formers) {
    if (former.copy !== null || former.head === null) continue;
    found.push({ generation, point: former.read, head: former.head, former, epoch });
  }
  return found;
}

/** Without times in them, files of the same bytes are nothing strange: only what can be the same file counts. */
function isPossible({ generation, former }: Candidate, newcomer: Generation): boolean {
  if (former !== null || generation.format !== 'raw') return true;
  if (isCurrent(generation) || isOf(generation, newcomer)) return true;
  return generation.path === null && newcomer.path === null;
}

/** It is read from its start. While the current one stays the same file, it can be nothing but a copy of that. */
function begin(newcomer: Generation): void {
  newcomer.unidentified = false;
  const current = newcomer.log.generations.find(isCurrent);
  if (current === undefined || !isSince(newcomer, current)) return;
  current.copies.push({ generation: newcomer, epoch: current.epoch });
}

/** Whether it came while the other was the current one. */
function isSince(newcomer: Generation, current: Generation): boolean {
  return newcomer.seenAtMs > current.seenAtMs;
}

/** Whether it is the current one, or was till the pod was deleted. */
function isCurrent(generation: Generation): boolean {
  const { log, onlyOpen } = generation;
  if (!onlyOpen) return hasPath(generation);
  return generation === log.generations.findLast(({ suffix }) => suffix === '');
}

/** One that was closed and renamed may still be known by the path that is another's by now. */
function hasPath(generation: Generation): boolean {
  const { path, log } = generation;
  return path === log.path && generation === log.generations.findLast((it) => it.path === path);
}

/** @returns whether the newcomer is another name of the generation, which it has taken over */
function place({ generation, former }: Candidate, newcomer: Generation, descriptors: Descriptors): boolean {
  const renamed = !newcomer.cameGzipped && !generation.cameGzipped && isOf(generation, newcomer);
  if (former !== null) {
    newcomer.adopt(former);
    newcomer.was = { dev: generation.dev, ino: generation.ino };
    if (!former.sure) generation.copies.push({ generation: newcomer, epoch: generation.epoch });
    return false;
  }
  if (!renamed && (!newcomer.cameGzipped || hasPath(generation))) {
    // It will be read where the original was, should that be truncated; till then it is of no use.
    newcomer.copyOf = generation;
    return false;
  }
  takeOver(generation, newcomer, renamed, descriptors);
  return true;
}

/** The names of a newcomer are those of the generation, and the newcomer is no more. */
function takeOver(generation: Generation, newcomer: Generation, renamed: boolean, descriptors: Descriptors): void {
  const { log } = generation;
  generation.takeOver(newcomer, renamed, descriptors);
  skip(newcomer, descriptors);
  log.generations = log.generations.filter((each) => each !== newcomer);
}

/**
 * Goes on with the compressed file that one without a name has become, where that one is to be given up before it is read:
 * the file came after it, says that it holds just as much, and begins with the same bytes.
 *
 * @returns whether there is such a file and it still has a name, so that nothing is lost
 */
export async function goOnCompressed(
  generation: Generation,
  descriptors: Descriptors,
  identify: Identify,
): Promise<boolean> {
  const { log, size, epoch } = generation;
  const isNewcomer = ({ unknown, cameGzipped, spool }: Generation) =>
    unknown && cameGzipped && (spool === null || generation.spool === null);
  const likely = log.generations.filter((each) => isNewcomer(each) && each.saidBytes === size);
  if (likely.length === 0 || !Number.isFinite(size)) return false;
  const whole = { offset: size, head: null, tail: null };
  const own = await ask([generation], [whole], () => true, descriptors, identify);
  const head = own.get(generation)?.[0]?.head;
  if (head == null) return false;
  const answers = await ask(likely, [{ ...whole, head }], () => true, descriptors, identify);
  const found = likely.find((newcomer) => answers.get(newcomer)?.[0]?.matches === true);
  if (found === undefined || !isNewcomer(found) || !log.generations.includes(found)) return false;
  const { gzip, readers } = found;
  // While they are read, both stay open; then it is tried again.
  if (generation.epoch !== epoch || generation.readers + readers > 0) return gzip !== null;
  if (gzip !== null) descriptors.close(generation);
  // Of what is given up no copy is being made; that of the other would be nobody's.
  generation.spool ??= found.spool;
  found.spool = null;
  takeOver(generation, found, false, descriptors);
  return gzip !== null;
}

/** Whether both are the same file, whatever its names. */
export function isOf(a: { dev: string; ino: string }, b: Generation): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/** Nothing of it is to be read. */
export function skip(generation: Generation, descriptors: Descriptors): void {
  const offset = Number.isFinite(generation.size) ? generation.size : 0;
  generation.startAt({ offset, tail: null, carry: null }, null, null);
  generation.done = true;
  descriptors.close(generation);
}

/** What is said of a place in a generation. */
export interface Answer {
  matches: boolean;
  /** The fingerprint of the generation, if it matches and the place has none. */
  head: Mark | null;
}

/**
 * Asks which places are in which generations; only those pairs that may be. Those that cannot be opened or read now are
 * not in the answer, nor are pairs that were not asked.
 */
export async function ask(
  generations: readonly Generation[],
  places: readonly Place[],
  mayBe: (generation: Generation, place: number) => boolean,
  descriptors: Descriptors,
  identify: Identify,
): Promise<Map<Generation, (Answer | undefined)[]>> {
  const answers = new Map<Generation, (Answer | undefined)[]>();
  const asked: { generation: Generation; indices: number[] }[] = [];
  const candidates: IdentifyJob['candidates'] = [];
  for (const generation of generations) {
    const indices = [...places.keys()].filter((index) => mayBe(generation, index));
    if (indices.length === 0) {
      answers.set(generation, []);
      continue;
    }
    try {
      generation.open(descriptors);
    } catch {
      // Not to be read now; asked again at the next scan, or read from its start.
    }
    const source = generation.source(generation.spool?.start ?? 0);
    if (source === null) continue;
    generation.readers += 1;
    asked.push({ generation, indices });
    candidates.push({ source, places: indices.map((index) => places[index] as Place) });
  }
  if (asked.length === 0) return answers;
  try {
    const { matches, heads } = await identify({ candidates });
    for (const [at, { generation, indices }] of asked.entries()) {
      if (matches[at] === null) {
        generation.badReads += 1;
        continue;
      }
      const answer: (Answer | undefined)[] = [];
      for (const [nth, index] of indices.entries()) {
        answer[index] = { matches: matches[at]?.[nth] === true, head: heads[at]?.[nth] ?? null };
      }
      answers.set(generation, answer);
    }
    return answers;
  } finally {
    for (const { generation } of asked) generation.readers -= 1;
  }
}
