// Compiles the workers' inner loops from AssemblyScript to WebAssembly, beside the compiled TypeScript.
import asc from 'assemblyscript/asc';

const { error, stderr } = await asc.main([
  'workers/wasm/assembly/index.ts',
  '--outFile=build/workers/wasm/loops.wasm',
  '--optimizeLevel=3',
  '--noAssert',
  '--runtime=stub',
  '--importMemory',
  '--noExportMemory',
  '--enable=simd',
]);
process.stderr.write(stderr.toString());
if (error !== null) process.exitCode = 1;
