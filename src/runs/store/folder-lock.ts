import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type IdSource, readErrorCode, type Timer } from '../../kernel/index.js';

/** The time in a lock is renewed this often, and one whose time is this old belongs to nobody. Milliseconds. */
const RENEW_EVERY_MS = 2_000;
const STALE_MS = 15_000;

/** Who holds a folder, as its lock says. */
interface Holder {
  /** Another one each time that a lock is taken. */
  readonly token: string;
  readonly pid: number;
  /** Which start of the machine the process belongs to; empty if the system does not say. */
  readonly boot: string;
  /** When it was last there, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/**
 * Sees to it that one process works on a folder. Its lock is a file that names the process and is renewed as long as that lives:
 * one of a process that is dead, or whose time is old, is taken over.
 */
export class FolderLock {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #token: string;
  readonly #boot: string;
  readonly #onLost: () => void;
  #renewal: Timer | undefined;
  #renewing: Promise<void> | undefined;
  #isReleased = false;

  private constructor(file: string, clock: Clock, token: string, boot: string, onLost: () => void) {
    this.#file = file;
    this.#clock = clock;
    this.#token = token;
    this.#boot = boot;
    this.#onLost = onLost;
  }

  /**
   * Takes the lock of a folder, which is made if it is not there.
   * @param onLost called if another process has taken it, because this one was frozen for too long
   * @returns undefined if a process that lives has it
   * @throws Error if the folder cannot be written to
   */
  static async take(folder: string, clock: Clock, ids: IdSource, onLost: () => void): Promise<FolderLock | undefined> {
    await mkdir(folder, { recursive: true });
    const file = join(folder, 'lock.json');
    const lock = new FolderLock(file, clock, ids.replicaId(), await readBoot(), onLost);
    if (!(await lock.#write('wx'))) {
      const holder = await readHolder(file);
      if (holder === undefined ? await isFresh(file) : lock.#isAlive(holder)) return undefined;
      await removeLock(file, `${file}.${lock.#token}`, holder);
      if (!(await lock.#write('wx'))) return undefined;
    }
    lock.#renewLater();
    return lock;
  }

  /** Lets others have the folder. */
  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#renewal?.cancel();
    // What it writes now would outlive the lock.
    await this.#renewing;
    if ((await readHolder(this.#file))?.token === this.#token) await rm(this.#file, { force: true });
  }

  #isAlive({ pid, boot, at }: Holder): boolean {
    if (Math.abs(this.#clock.now() - at) > STALE_MS) return false;
    if (boot !== this.#boot || boot === '') return true;
    // In containers that share a folder each process may have the same number, this one's among them.
    return pid === process.pid || isRunning(pid);
  }

  #renewLater(): void {
    this.#renewal = this.#clock.after(RENEW_EVERY_MS, () => {
      this.#renewing = this.#renew();
    });
  }

  async #renew(): Promise<void> {
    const holder = await readHolder(this.#file).catch(() => undefined);
    if (this.#isReleased) return;
    if (holder !== undefined && holder.token !== this.#token) {
      this.#isReleased = true;
      this.#onLost();
      return;
    }
    // A disk that is full for a moment is no reason to give the folder up: another process waits for the time to be old.
    await this.#write('w').catch(() => undefined);
    if (!this.#isReleased) this.#renewLater();
  }

  /** @returns false if there is such a file already */
  async #write(flag: 'w' | 'wx'): Promise<boolean> {
    const holder: Holder = { token: this.#token, pid: process.pid, boot: this.#boot, at: this.#clock.now() };
    try {
      await writeFile(this.#file, JSON.stringify(holder), { flag });
      return true;
    } catch (error) {
      if (readErrorCode(error) === 'EEXIST') return false;
      throw error;
    }
  }
}

/** Takes away a lock that belongs to nobody; but if another process was faster and has its own there, that stays. */
async function removeLock(file: string, aside: string, old: Holder | undefined): Promise<void> {
  try {
    await rename(file, aside);
  } catch (error) {
    if (readErrorCode(error) === 'ENOENT') return;
    throw error;
  }
  const taken = await readHolder(aside);
  if (taken !== undefined && taken.token !== old?.token) await rename(aside, file);
  else await rm(aside, { force: true });
}

/** @returns undefined if there is none, or none that can be read: a process may have died while it wrote */
async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(file, 'utf8')) as Partial<Holder> | null;
    const { token, pid, boot, at } = holder ?? {};
    if (typeof token !== 'string' || typeof pid !== 'number' || typeof at !== 'number') return undefined;
    return { token, pid, boot: typeof boot === 'string' ? boot : '', at };
  } catch (error) {
    if (error instanceof SyntaxError || readErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether a lock that cannot be read may be one that is being written. */
async function isFresh(file: string): Promise<boolean> {
  const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: 0 }));
  return Date.now() - mtimeMs < STALE_MS;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Of another user: it runs, and cannot be sent a signal.
    return readErrorCode(error) === 'EPERM';
  }
}

async function readBoot(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim();
}
