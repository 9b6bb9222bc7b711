import { type FileHandle, mkdir, open, readFile, readlink, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type IdSource, readErrorCode, type Timer } from '../../kernel/index.js';

/**
 * How often the time in a lock is renewed, and how old it must be before the lock counts as abandoned. Milliseconds.
 */
const RENEW_EVERY_MS = 2_000;
const STALE_MS = 15_000;
/** Length of the file. It is renewed in one write, so that no process reads half of it. */
const FILE_LENGTH = 256;

/** The holder of a folder according to its lock. */
interface Holder {
  /** A new one each time that a lock is taken. */
  readonly token: string;
  readonly pid: number;
  /**
   * Identifies the boot of the machine or container in which the process runs; empty if the system does not provide it.
   */
  readonly boot: string;
  /** When it was last renewed, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/**
 * Ensures that one process works on a folder. The lock is a file that names the process and is renewed while it lives.
 * A lock of a dead process, or with an old time, is taken over. A process that was suspended renews only the file that
 * it created, which is no longer in place, so it cannot take the folder back.
 */
export class FolderLock {
  /** Its path, and its content while this process has the folder. */
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
  /** How often in a row the file was missing. */
  #misses = 0;

  private constructor(file: string, clock: Clock, token: string, boot: string, onLost: () => void) {
    this.file = file;
    this.#clock = clock;
    this.token = token;
    this.#boot = boot;
    this.#onLost = onLost;
  }

  /**
   * Takes the lock of a folder, which is created if it is missing.
   * @param onLost called if another process has taken it because this one was suspended for too long
   * @returns undefined if a live process has it
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

  /** True if the previous holder may still exist, suspended, and continue a pending write. */
  get mayHaveOther(): boolean {
    return this.#mayHaveOther;
  }

  /** Releases the folder. */
  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#renewal?.cancel();
    // A write from now on would outlive the lock.
    await this.#renewing;
    await this.#handle?.close();
    if ((await readHolder(this.file))?.token === this.token) await rm(this.file, { force: true });
  }

  #isAlive(holder: Holder): boolean {
    return Math.abs(this.#clock.now() - holder.at) <= STALE_MS && !this.#isDead(holder);
  }

  /** False if this cannot be known. */
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
    // It may be missing for a moment while another process checks it.
    this.#misses = holder === undefined ? this.#misses + 1 : 0;
    if (this.#misses > 1 || (holder !== undefined && holder.token !== this.token)) {
      this.#isReleased = true;
      await this.#handle?.close().catch(() => undefined);
      this.#onLost();
      return;
    }
    // A disk that is full for a moment is no reason to give up the folder: other processes wait until the time is old.
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

/** Removes an abandoned lock. If another process was faster and has placed its own lock, that one stays. */
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

/** @returns undefined if there is none or it cannot be read: a process may have died while writing it */
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

/** Whether an unreadable lock may be one that is being written. */
async function isFresh(file: string): Promise<boolean> {
  const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: 0 }));
  return Date.now() - mtimeMs < STALE_MS;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user: it runs, and cannot be sent a signal.
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
