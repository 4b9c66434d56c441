import type { Generation } from './chain/generation.js';
import type { Jobs, Obstacle } from './plan/jobs.js';
import type { Sender } from './push/sender.js';

const OBSTACLES: Readonly<Record<Obstacle, string>> = {
  memory: 'the memory budget is spent on what Loki has not taken yet',
  workers: 'all workers are busy',
  descriptors: 'other logs wait for a file descriptor',
  limit: 'a limit of the pipeline asks for a pause',
};

/** What keeps a generation from being read or settled, in a few words. */
export function whyStalled(
  generation: Generation,
  jobs: Pick<Jobs, 'obstacle' | 'mayTake'>,
  sender: Pick<Sender, 'figures' | 'isStuck'>,
): string {
  const { log, flights } = generation;
  const { trouble } = sender.figures;
  if (trouble !== null) return `Loki takes no pushes (${trouble})`;
  if (generation.source(generation.read.offset) === null) return 'the file cannot be opened';
  if (generation.blockedUntilMs > 0 && generation.failures > 0) return 'the file cannot be read';
  if (generation.unidentified) return 'it is not known yet which file this is';
  if (sender.isStuck(log.path)) return 'Loki refuses its pushes for now';
  if (flights[0]?.resolved) return 'Loki has not answered its pushes';
  if (flights.length > 0) return 'no worker has read it yet';
  const obstacle = jobs.obstacle ?? (jobs.mayTake(log) ? null : 'memory');
  return obstacle === null ? 'it waits for its turn' : OBSTACLES[obstacle];
}
