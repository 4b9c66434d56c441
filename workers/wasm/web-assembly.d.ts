/** What we use of WebAssembly; neither Node's types nor the ECMAScript library of TypeScript know it. */
declare namespace WebAssembly {
  class Module {
    /** Compiles. Throws CompileError for what is no module, or asks for more than this machine has. */
    constructor(bytes: Uint8Array);
  }
  class Memory {
    /** Sizes in pages of 64 KiB. Throws RangeError if there is no address space for it. */
    constructor(limits: { initial: number; maximum: number });
    readonly buffer: ArrayBuffer;
  }
  class Instance {
    constructor(module: Module, imports: { env: { memory: Memory } });
    readonly exports: unknown;
  }
}
