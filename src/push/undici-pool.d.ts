// Only the pool is loaded: the index of undici brings fetch and more, at twice the memory and three times the time.
declare module 'undici/lib/dispatcher/pool.js' {
  import type { Pool } from 'undici';

  const PoolClass: typeof Pool;
  export default PoolClass;
}
