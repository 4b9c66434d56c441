import type { CollectResult, MadePush } from '../src/protocol.js';

const TRANSFERABLE = Symbol.for('Piscina.transferable');
const VALUE = Symbol.for('Piscina.valueOf');

/**
 * `result` as piscina transfers it: pushes that do not lie in the shared memory change hands
 * without a copy.
 *
 * Piscina looks for three symbols on what a task returns. Two are registered; the third, which `Piscina.move` sets, is
 * private to its own module. To load that module takes 7 ms and 4 MiB in each worker, and in a bundle it would be
 * another copy with another symbol; so the third is answered by its name.
 */
export function transferring(result: CollectResult<MadePush>): object {
  const transferable = {
    [TRANSFERABLE]: result.pushes.flatMap(({ bytes }) => (bytes instanceof Uint8Array ? bytes.buffer : [])),
    [VALUE]: result,
  };
  return new Proxy(transferable, {
    get(target, key, receiver) {
      if (typeof key === 'symbol' && key.description === 'Piscina.kMovable') return true;
      return Reflect.get(target, key, receiver);
    },
  });
}
