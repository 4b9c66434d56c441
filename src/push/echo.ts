import type { Workers } from '../plan/workers.js';
import type { Endpoint } from './endpoint.js';

/** Not an endpoint but standard output: a worker writes what is in a push, as `loki.echo` does. */
export function createEcho(component: string, workers: Pick<Workers, 'echo'>): Endpoint {
  return {
    async send(push) {
      try {
        await workers.echo({ component, bytes: push });
        return { status: 204, retryAfter: null, location: null, body: '' };
      } catch (error) {
        return { failure: 'ECHO', message: error instanceof Error ? error.message : String(error) };
      }
    },
    close: async () => {},
  };
}
