import { readFile } from 'node:fs/promises';
import { type Clock, ensureError, readErrorCode, readFileState, type Timer } from '../../kernel/index.js';
import { askKept, tellUsable } from './kept-key-file.js';
import type { KeyEntry } from './key-entry.js';
import { KeyFileError } from './key-file-error.js';
import { readKeyEntries } from './read-key-entries.js';

/** How often the file is looked at, in milliseconds. */
const LOOK_EVERY_MS = 1_000;

/** Takes entries over. Throws KeyFileError if it cannot: then the file counts as broken. */
export type TakeEntries = (entries: readonly KeyEntry[]) => Promise<void>;

/** Told of what has become of the file. */
export interface KeyFileListener {
  readonly onChange: TakeEntries;
  /** It cannot be used any more; what was read before holds. Told once for each state of the file. */
  readonly onFault: (error: KeyFileError) => void;
}

/**
 * A file of keys. It is checked once a second rather than watched: that also works for files that Kubernetes mounts, which
 * change by a symbolic link to a folder above them, and for files on network drives.
 */
export class KeyFile {
  #state: string | undefined;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(
    private readonly path: string,
    private readonly clock: Clock,
  ) {}

  /**
   * Reads the file for the first time. One of several processes takes what the file held before if it is broken now and
   * others know that.
   * @returns why the file cannot be used now, though keys were taken; undefined if it can
   * @throws KeyFileError if no keys can be had
   */
  async open(take: TakeEntries): Promise<KeyFileError | undefined> {
    try {
      await this.#read(take);
      return undefined;
    } catch (thrown) {
      const error = toKeyFileError(thrown);
      const kept = await askKept(this.clock);
      if (kept === undefined) throw error;
      await take(await readKeyEntries(kept));
      return error;
    }
  }

  /** Checks the file once a second from now on. */
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
    if ((await readFileState(this.path)) === this.#state) return;
    try {
      await this.#read(onChange);
    } catch (error) {
      onFault(toKeyFileError(error));
    }
  }

  async #read(take: TakeEntries): Promise<void> {
    // Before the content, so that a change between the two is seen as one.
    const state = await readFileState(this.path);
    this.#state = state;
    await take(await readKeyEntries(await this.#content()));
    tellUsable(state);
  }

  async #content(): Promise<string> {
    try {
      return await readFile(this.path, 'utf8');
    } catch (error) {
      throw new KeyFileError([`cannot be read: ${readErrorCode(error)}`]);
    }
  }
}

/** Whatever goes wrong with the file must leave the keys as they are. */
function toKeyFileError(error: unknown): KeyFileError {
  return error instanceof KeyFileError ? error : new KeyFileError([ensureError(error).message]);
}
