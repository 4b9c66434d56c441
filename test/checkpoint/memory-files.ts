import { basename } from 'node:path';
import type { Files, JournalFile } from '../../src/checkpoint/files.js';
import { errnoOf } from '../../src/errors.js';

interface Inode {
  /** What a reader sees. */
  bytes: Buffer;
  /** What a power cut leaves for certain. */
  durable: Buffer;
  /** Byte ranges that a failed sync has dropped: later syncs succeed without them, as Linux does it. */
  dropped: [number, number][];
  names: number;
}

function newInode(bytes: Uint8Array = new Uint8Array()): Inode {
  return { bytes: Buffer.from(bytes), durable: Buffer.from(bytes), dropped: [], names: 1 };
}

export type Call = 'access' | 'mkdir' | 'open' | 'readdir' | 'readFile' | 'rename' | 'unlink' | FileCall;
export type FileCall = 'append' | 'datasync' | 'sync' | 'stat' | 'close';

export function errno(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

/** One folder in memory that tells what is seen from what is on disk, and fails when told. */
export class MemoryFiles implements Files {
  /** Asked before each call; what it returns is thrown. A failing append leaves half of its bytes. */
  fault: (call: Call, name: string) => Error | undefined = () => undefined;
  readonly calls: Call[] = [];
  #entries = new Map<string, Inode>();
  #durableEntries = new Map<string, Inode>();
  /** Descriptors of an earlier life of the process are dead. */
  #life = 0;

  get names(): string[] {
    return [...this.#entries.keys()].sort();
  }

  bytes(name: string): Buffer {
    return this.#find(name).bytes;
  }

  /** Puts a file in place that is safely on disk. */
  set(name: string, bytes: Uint8Array): void {
    const inode = newInode(bytes);
    this.#entries.set(name, inode);
    this.#durableEntries.set(name, inode);
  }

  /** The process is gone; the system lives on. */
  kill(): void {
    this.#life++;
    this.fault = () => undefined;
  }

  /** The system is gone. `choose(n)` picks one of n outcomes for everything that was not synced. */
  powerCut(choose: (outcomes: number) => number): void {
    this.kill();
    const survivors = new Map<string, Inode>();
    for (const name of new Set([...this.#entries.keys(), ...this.#durableEntries.keys()])) {
      const inode = (choose(2) === 0 ? this.#durableEntries : this.#entries).get(name);
      if (inode !== undefined) survivors.set(name, inode);
    }
    for (const inode of new Set(survivors.values())) {
      const unsynced = inode.bytes.subarray(inode.durable.length);
      const kept = Buffer.from(unsynced.subarray(0, choose(unsynced.length + 1)));
      if (choose(3) === 0) kept.fill(0);
      inode.bytes = inode.durable = Buffer.concat([inode.durable, kept]);
      inode.dropped = [];
    }
    this.#entries = survivors;
    this.#durableEntries = new Map(survivors);
  }

  async access(path: string): Promise<void> {
    this.#enter('access', path);
  }

  async mkdir(path: string): Promise<void> {
    this.#enter('mkdir', path);
  }

  async open(path: string, flags: string): Promise<JournalFile> {
    const name = this.#enter('open', path);
    if (flags === 'r') return this.#folder();
    if (this.#entries.has(name)) throw errno('EEXIST');
    const inode = newInode();
    this.#entries.set(name, inode);
    return this.#file(inode, name);
  }

  async readdir(path: string): Promise<string[]> {
    this.#enter('readdir', path);
    return this.names;
  }

  async readFile(path: string): Promise<Uint8Array> {
    return this.#find(this.#enter('readFile', path)).bytes;
  }

  async rename(from: string, to: string): Promise<void> {
    const rename = () => {
      this.#entries.set(basename(to), this.#find(basename(from)));
      this.#entries.delete(basename(from));
    };
    try {
      this.#enter('rename', from);
    } catch (error) {
      // As over NFS: it may have happened all the same.
      if (errnoOf(error) === 'EIO') rename();
      throw error;
    }
    rename();
  }

  async unlink(path: string): Promise<void> {
    const name = this.#enter('unlink', path);
    this.#find(name).names = 0;
    this.#entries.delete(name);
  }

  #find(name: string): Inode {
    const inode = this.#entries.get(name);
    if (inode === undefined) throw errno('ENOENT');
    return inode;
  }

  #enter(call: Call, path: string): string {
    const name = basename(path);
    this.calls.push(call);
    const fault = this.fault(call, name);
    if (fault !== undefined) throw fault;
    return name;
  }

  #folder(): JournalFile {
    const folder = this.#file(newInode(), 'folder');
    return {
      ...folder,
      sync: async () => {
        await folder.sync();
        this.#durableEntries = new Map(this.#entries);
      },
    };
  }

  #file(inode: Inode, name: string): JournalFile {
    const life = this.#life;
    const enter = (call: FileCall) => {
      if (life !== this.#life) throw errno('EBADF');
      this.#enter(call, name);
    };
    const sync = (call: FileCall) => {
      try {
        enter(call);
      } catch (error) {
        inode.dropped.push([inode.durable.length, inode.bytes.length]);
        throw error;
      }
      inode.durable = Buffer.from(inode.bytes);
      for (const [from, to] of inode.dropped) inode.durable.fill(0, from, to);
    };
    return {
      appendFile: async (data) => {
        try {
          enter('append');
        } catch (error) {
          if (life === this.#life) {
            inode.bytes = Buffer.concat([inode.bytes, data.subarray(0, Math.floor(data.length / 2))]);
          }
          throw error;
        }
        inode.bytes = Buffer.concat([inode.bytes, data]);
      },
      datasync: async () => sync('datasync'),
      sync: async () => sync('sync'),
      stat: async () => {
        enter('stat');
        return { nlink: inode.names };
      },
      close: async () => enter('close'),
    };
  }
}
