import { type FileHandle, mkdir, open, readFile, readlink, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type IdSource, readErrorCode, type Timer } from '../../kernel/index.js';

/** The time in a lock is renewed this often, and one whose time is this old belongs to nobody. Milliseconds. */
const RENEW_EVERY_MS = 2_000;
const STALE_MS = 15_000;
/** Length of the file: it is renewed in one write, so that nobody reads half of it. */
const FILE_LENGTH = 256;

/** Who holds a folder, as its lock says. */
interface Holder {
  /** Another one each time that a lock is taken. */
  readonly token: string;
  readonly pid: number;
  /** Which start of which machine or container the process belongs to; empty if the system does not say. */
  readonly boot: string;
  /** When it was last there, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/**
 * Sees to it that one process works on a folder. Its lock is a file that names the process and is renewed as long as that lives:
 * one of a process that is dead, or whose time is old, is taken over. A process that was frozen writes into the file that it made,
 * which is not in its place any more: it can take nothing back.
 */
export class FolderLock {
  /** Its path, and what it says as long as this process has the folder. */
  readonly file: string;
  readonly token: string;
  readonly #clock: Clock;
  readonly #boot: string;
  readonly #onLost: () => void;
  #renewal: Timer | undefined;
  #renewing: Promise<void> | undefined;
  #isReleased = false;
  #handle: FileHandle | undefined;
  #mayHaveOther = false;
  /** How often in a row it was not in its place. */
  #misses = 0;

  private constructor(file: string, clock: Clock, token: string, boot: string, onLost: () => void) {
    this.file = file;
    this.#clock = clock;
    this.token = token;
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
    if (!(await lock.#make())) {
      const holder = await readHolder(file);
      if (holder === undefined ? await isFresh(file) : lock.#isAlive(holder)) return undefined;
      lock.#mayHaveOther = holder === undefined || !lock.#isDead(holder);
      await removeLock(file, `${file}.${lock.token}`, holder);
      if (!(await lock.#make())) return undefined;
    }
    lock.#renewLater();
    return lock;
  }

  /** True if the process that had the folder before may be there still, frozen, and go on with what it was about to write. */
  get mayHaveOther(): boolean {
    return this.#mayHaveOther;
  }

  /** Lets others have the folder. */
  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#renewal?.cancel();
    // What it writes now would outlive the lock.
    await this.#renewing;
    await this.#handle?.close();
    if ((await readHolder(this.file))?.token === this.token) await rm(this.file, { force: true });
  }

  #isAlive(holder: Holder): boolean {
    return Math.abs(this.#clock.now() - holder.at) <= STALE_MS && !this.#isDead(holder);
  }

  /** False if nobody can tell. */
  #isDead({ pid, boot }: Holder): boolean {
    if (boot !== this.#boot || boot === '') return false;
    // This process itself may have had it a moment ago.
    return pid !== process.pid && !isRunning(pid);
  }

  #renewLater(): void {
    this.#renewal = this.#clock.after(RENEW_EVERY_MS, () => {
      this.#renewing = this.#renew();
    });
  }

  async #renew(): Promise<void> {
    const holder = await readHolder(this.file).catch(() => undefined);
    if (this.#isReleased) return;
    // While others look at it, it may be away from its place for a moment.
    this.#misses = holder === undefined ? this.#misses + 1 : 0;
    if (this.#misses > 1 || (holder !== undefined && holder.token !== this.token)) {
      this.#isReleased = true;
      await this.#handle?.close().catch(() => undefined);
      this.#onLost();
      return;
    }
    // A disk that is full for a moment is no reason to give the folder up: another process waits for the time to be old.
    await this.#handle?.write(this.#encode(), 0).catch(() => undefined);
    if (!this.#isReleased) this.#renewLater();
  }

  /** @returns false if there is such a file already */
  async #make(): Promise<boolean> {
    try {
      this.#handle = await open(this.file, 'wx');
    } catch (error) {
      if (readErrorCode(error) === 'EEXIST') return false;
      throw error;
    }
    await this.#handle.write(this.#encode(), 0);
    return true;
  }

  #encode(): string {
    const holder: Holder = { token: this.token, pid: process.pid, boot: this.#boot, at: this.#clock.now() };
    return `${JSON.stringify(holder).padEnd(FILE_LENGTH)}\n`;
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
  const [boot, processes] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    // In containers that share a folder the same number is another process.
    readlink('/proc/self/ns/pid').catch(() => ''),
  ]);
  return boot === '' || processes === '' ? '' : `${boot.trim()} ${processes}`;
}
