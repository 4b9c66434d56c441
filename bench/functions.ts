import { relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fastGlob from 'fast-glob';
import { Bench } from 'tinybench';

/** One function to measure, as a `*.bench.ts` file lists it in what its `cases()` returns. */
export interface BenchCase {
  name: string;
  /** What one call handles `count` of, such as `lines` or `bytes`. */
  unit: string;
  count: number;
  fn: () => unknown;
}

export interface FunctionResult {
  /** File it stands in, without its ending. */
  file: string;
  name: string;
  unit: string;
  nsPerUnit: number;
  unitsPerSecond: number;
  /** Half the width of the 95 % confidence interval, in percent of the mean. */
  errorPercent: number;
  calls: number;
}

interface BenchModule {
  cases: () => BenchCase[] | Promise<BenchCase[]>;
}

const HERE = fileURLToPath(new URL('.', import.meta.url));
const QUICK = { time: 4, iterations: 3, warmupTime: 2, warmupIterations: 1 };
const FULL = { time: 500, iterations: 16, warmupTime: 100, warmupIterations: 4 };

/** Measures every function that the compiled `*.bench.js` files beside this one list; `quick`: a few ms each. */
export async function measureFunctions(
  quick: boolean,
  done: (result: FunctionResult) => void,
): Promise<FunctionResult[]> {
  const results: FunctionResult[] = [];
  for (const path of (await fastGlob('**/*.bench.js', { cwd: HERE, absolute: true })).sort()) {
    const { cases } = (await import(pathToFileURL(path).href)) as BenchModule;
    const file = relative(HERE, path).replace(/\.bench\.js$/, '');
    for (const one of await cases()) {
      const result = await measure(file, one, quick);
      results.push(result);
      done(result);
    }
  }
  return results;
}

/** What one case has left behind must not slow down the next. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  gc();
}

async function measure(file: string, { name, unit, count, fn }: BenchCase, quick: boolean): Promise<FunctionResult> {
  collectGarbage();
  const bench = new Bench({ ...(quick ? QUICK : FULL), throws: true });
  bench.add(name, fn);
  const [task] = await bench.run();
  const result = task?.result;
  if (result?.state !== 'completed') throw new Error(`${file}, ${name}: ${result?.state ?? 'not run'}`);
  const { mean, rme, samplesCount } = result.latency;
  const nsPerUnit = (mean * 1e6) / count;
  return { file, name, unit, nsPerUnit, unitsPerSecond: 1e9 / nsPerUnit, errorPercent: rme, calls: samplesCount };
}
