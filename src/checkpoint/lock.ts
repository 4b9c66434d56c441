import { randomBytes } from 'node:crypto';
import { type FileHandle, lstat, open, readdir, unlink } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { SleipnirError } from '../errors.js';
import { ask, type Claim } from './lock-ask.js';
import type { OnProblem } from './problem.js';
import { makeStateDir, unusable } from './state-dir.js';

/** The right to be the only collector on a state directory. */
export interface Lock {
  /** Gives it back. It also ends with the process, however that dies. */
  release(): Promise<void>;
}

/** What every system takes (macOS: 104 with the final zero); Node would cut a longer one without a word. */
const MAX_ADDRESS_BYTES = 103;

const NAME = /^lock\.[0-9a-f]{16}$/;

/**
 * Makes this process the only collector on a state directory, which is created if missing. It holds across containers
 * of one host, where process ids say nothing: each collector listens on a unix socket of its own in the directory, and
 * one whose socket answers is alive. Where sockets cannot be made this is reported, and only others' locks are obeyed.
 * @throws SleipnirError `STATE_DIR_LOCKED`, `STATE_DIR_UNUSABLE`
 */
export async function lockStateDir(stateDir: string, options: { onProblem: OnProblem }): Promise<Lock> {
  await makeStateDir(stateDir);
  const folder = await open(stateDir, 'r').catch((cause: unknown) => {
    throw unusable(stateDir, cause);
  });
  try {
    return await claim(stateDir, folder, options.onProblem);
  } finally {
    await folder.close();
  }
}

/**
 * First everybody makes the own socket, then looks at the others', so of two at least one sees the other. Two that are
 * both still looking settle it by name: the higher gives way, the lower waits until the higher has.
 */
async function claim(stateDir: string, folder: FileHandle, onProblem: OnProblem): Promise<Lock> {
  const own = new OwnSocket(stateDir);
  try {
    const address = join(reach(stateDir, folder), own.name);
    if (Buffer.byteLength(address) > MAX_ADDRESS_BYTES) throw new Error('its path is too long for a socket');
    await own.listen(address);
  } catch (cause) {
    onProblem({
      code: 'STATE_DIR_NOT_LOCKED',
      message: `no socket can be made in ${stateDir}: ${cause instanceof Error ? cause.message : String(cause)}`,
      advice: 'See to it that only one collector uses this state directory: a second one would not be noticed.',
      resolved: false,
    });
  }
  try {
    for (const name of (await readdir(stateDir)).filter((name) => NAME.test(name) && name !== own.name)) {
      const other = await ask(join(reach(stateDir, folder), name), name > own.name);
      // Names are never used twice, so a dead one can be removed whatever happens meanwhile.
      if (other === 'dead') await unlink(join(stateDir, name)).catch(() => {});
      else throw locked(stateDir, other);
    }
    if (own.listening && !(await own.exists())) throw locked(stateDir, 'silent');
  } catch (error) {
    await own.release();
    throw error instanceof SleipnirError ? error : unusable(stateDir, error);
  }
  own.hold();
  return own;
}

/** A path to the folder that is short enough for a socket address (108 bytes), however long its real path is. */
function reach(stateDir: string, folder: FileHandle): string {
  return process.platform === 'linux' ? `/proc/self/fd/${folder.fd}` : stateDir;
}

function locked(stateDir: string, holder: Claim | 'silent'): SleipnirError {
  const who =
    holder === 'silent' ? '' : ` (process ${holder.pid} on ${holder.host}, running since ${holder.startedAt})`;
  return new SleipnirError(
    'STATE_DIR_LOCKED',
    `another collector uses the state directory ${stateDir}${who}`,
    'Stop the other collector, or give this one a state directory of its own with SLEIPNIR_STATE_DIR.',
  );
}

class OwnSocket implements Lock {
  readonly name = `lock.${randomBytes(8).toString('hex')}`;
  readonly #path: string;
  readonly #server: Server;
  readonly #startedAt = new Date(Date.now() - process.uptime() * 1000).toISOString();
  readonly #asking = new Set<Socket>();
  #held = false;

  constructor(stateDir: string) {
    this.#path = join(stateDir, this.name);
    this.#server = createServer((socket) => this.#answer(socket)).unref();
  }

  get listening(): boolean {
    return this.#server.listening;
  }

  listen(address: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ path: address, readableAll: true, writableAll: true }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', () => {});
        resolve();
      });
    });
  }

  async exists(): Promise<boolean> {
    return lstat(this.#path).then(
      () => true,
      () => false,
    );
  }

  hold(): void {
    this.#held = true;
    for (const socket of this.#asking) socket.end(this.#claim());
  }

  async release(): Promise<void> {
    if (!this.listening) return;
    await unlink(this.#path).catch(() => {});
    for (const socket of this.#asking) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Before the decision the line stays open, and the decision follows. */
  #answer(socket: Socket): void {
    this.#asking.add(socket.unref());
    socket.on('close', () => this.#asking.delete(socket)).on('error', () => {});
    if (this.#held) socket.end(this.#claim());
    else socket.write(this.#claim());
  }

  #claim(): string {
    const claim: Claim = { held: this.#held, pid: process.pid, host: hostname(), startedAt: this.#startedAt };
    return `${JSON.stringify(claim)}\n`;
  }
}
