import { readFile, stat } from 'node:fs/promises';
import { ensureError, type Clock, type Timer } from '../../kernel/index.js';
import type { KeyEntry } from './key-entry.js';
import { KeyFileError, readKeyEntries } from './read-key-entries.js';

/** How often the file is looked at, in milliseconds. */
const LOOK_EVERY_MS = 1_000;

/** Told of what has become of the file. */
export interface KeyFileListener {
  readonly onChange: (entries: readonly KeyEntry[]) => void;
  /** It cannot be used any more; what was read before holds. Told once for each state of the file. */
  readonly onFault: (error: KeyFileError) => void;
}

/**
 * A file of keys. It is looked at each second and not watched: that also sees the files that Kubernetes mounts, which change
 * by a symbolic link to a folder above them, and files on network drives.
 */
export class KeyFile {
  #state: string | undefined;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(
    private readonly path: string,
    private readonly clock: Clock,
  ) {}

  /** @throws KeyFileError if the file cannot be used */
  async read(): Promise<readonly KeyEntry[]> {
    // Before the content, so that a change between the two is seen as one.
    this.#state = await this.#stateNow();
    return readKeyEntries(await this.#content());
  }

  /** Looks at the file each second from now on. */
  watch(listener: KeyFileListener): void {
    this.#timer = this.clock.after(LOOK_EVERY_MS, () => {
      void this.#look(listener).finally(() => {
        if (!this.#isStopped) this.#timer?.restart();
      });
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #look({ onChange, onFault }: KeyFileListener): Promise<void> {
    const state = await this.#stateNow();
    if (state === this.#state) return;
    this.#state = state;
    try {
      onChange(readKeyEntries(await this.#content()));
    } catch (error) {
      onFault(error instanceof KeyFileError ? error : new KeyFileError([ensureError(error).message]));
    }
  }

  async #content(): Promise<string> {
    try {
      return await readFile(this.path, 'utf8');
    } catch (error) {
      throw new KeyFileError([`cannot be read: ${codeOf(error)}`]);
    }
  }

  /** Changes whenever the file does, whether it is written in place, replaced, or reached by another link. */
  async #stateNow(): Promise<string> {
    try {
      const { dev, ino, mtimeNs, size } = await stat(this.path, { bigint: true });
      return `${dev} ${ino} ${mtimeNs} ${size}`;
    } catch (error) {
      return codeOf(error);
    }
  }
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);
}
