import { type Entry, type Part, timeOf } from './books.js';
import type { Stored } from './loki.js';
import type { World } from './world.js';

/** Holds what Loki has against what was written; returns what is wrong, in words. */
export function verify(world: World): string[] {
  const { books, loki, node, imbalances, spoolHasRoom } = world;
  const truncated = node.containers.find(({ truncates }) => truncates)?.labels;
  // A log that is truncated in place may be read once more: that shows only after what is new in it has been read.
  // Given up for want of room, a file may have another name that is not known yet.
  const repeated = loki.repeated.filter((key) => spoolHasRoom && !key.startsWith(`${truncated}|`));
  const wrong: string[] = [...imbalances, ...repeated.map((key) => `repeated without need: ${key}`)];
  const homes = new Map<Part, Stored[]>();
  for (const stored of loki.stored.values()) {
    const parts = books.partsOf(stored.content);
    if (parts === null) {
      if (!books.isFragment(stored.content)) wrong.push(`never written: ${nameOf(stored)}`);
      continue;
    }
    wrong.push(...checkStored(stored, parts, stored.labels === truncated));
    for (const part of parts) homes.set(part, [...(homes.get(part) ?? []), stored]);
  }
  for (const part of books.parts) {
    const count = homes.get(part)?.length ?? 0;
    if (count === 0 && part.whole && !part.gone) wrong.push(`missing: <${part.id}> of ${part.entry.labels}`);
    // Without its other parts it may have been sent joined at first, and alone later; or the other way round.
    if (count > 1 && !part.entry.torn && !part.entry.parts.some(({ gone }) => gone))
      wrong.push(`stored ${count} times: ${(homes.get(part) ?? []).map(nameOf).join(' and ')}`);
  }
  wrong.push(...checkLosses(world, homes, truncated));
  return wrong;
}

/** What is counted as lost may be no more than is at risk, and no less than is missing of what the positions told of. */
function checkLosses(
  { books: { parts }, lostBytes, againBytes, node: { inodes } }: World,
  homes: ReadonlyMap<Part, Stored[]>,
  truncated: string | undefined,
): string[] {
  const atRisk = new Map<string, number>();
  const missing = new Map<string, number>();
  for (const part of parts) {
    // What a kill comes too soon after is counted again.
    if ((!part.gone && !part.file.undone) || part.entry.labels === truncated) continue;
    const pod = podIn(part.entry.labels);
    atRisk.set(pod, (atRisk.get(pod) ?? 0) + part.text.length);
    if (!part.gone || !part.counted || homes.has(part) || isInodeReused(part, inodes)) continue;
    missing.set(pod, (missing.get(pod) ?? 0) + part.text.length);
  }
  const wrong: string[] = [];
  for (const [pod, bytes] of lostBytes) {
    if (truncated !== undefined && podIn(truncated) === pod) continue;
    const most = (atRisk.get(pod) ?? 0) + (againBytes.get(pod) ?? 0);
    if (bytes > most) wrong.push(`${bytes} bytes of ${pod} are counted as lost, at most ${most} are`);
  }
  for (const [pod, least] of missing) {
    const bytes = lostBytes.get(pod) ?? 0;
    if (bytes < least) wrong.push(`${bytes} bytes of ${pod} are counted as lost, at least ${least} are`);
  }
  return wrong;
}

function podIn(labels: string): string {
  return labels.split(' ')[2] as string;
}

/** Then the other file may be taken for it, under a name that it got back. */
function isInodeReused({ file: { ino, gzipIno } }: Part, inodes: readonly string[]): boolean {
  return inodes.some((other, index) => (other === ino || other === gzipIno) && inodes.indexOf(other) !== index);
}

function checkStored(stored: Stored, parts: Part[], truncates: boolean): string[] {
  const wrong: string[] = [];
  const { entry } = parts[0] as Part;
  const whole = !entry.torn && entry.parts.every((part) => part.whole && !part.gone);
  // Without the end of one entry nothing tells that another has begun, but for a file that is known to be gone.
  const endGone = entry.parts.some(({ gone, file }) => gone && (truncates || !file.journaled));
  if (!endGone && parts.some((part) => part.entry !== entry)) wrong.push(`joined from two entries: ${nameOf(stored)}`);
  if (stored.labels !== entry.labels || stored.stream !== entry.stream) {
    wrong.push(`in the wrong stream: ${nameOf(stored)}, not ${entry.labels} ${entry.stream}`);
  }
  if (stored.ns !== timeOf(parts)) wrong.push(`wrong time: ${nameOf(stored)}`);
  if (whole && !sameParts(entry, parts)) {
    wrong.push(`not joined: ${nameOf(stored)} of ${entry.parts.map((part) => `<${part.id}>`).join('')}`);
  }
  return wrong;
}

function sameParts(entry: Entry, parts: Part[]): boolean {
  return parts.length === entry.parts.length && parts.every((part, index) => part === entry.parts[index]);
}

function nameOf({ labels, stream, content }: Stored): string {
  return `"${content.replaceAll(/x+/g, '')}" (${labels} ${stream})`;
}
