import { readFile } from 'node:fs/promises';
import { type Clock, ensureError, readErrorCode, readFileState, type Timer } from '../../kernel/index.js';
import { askForKeptKeyFile, reportUsableKeyFile } from './kept-key-file.js';
import type { KeyEntry } from './key-entry.js';
import { KeyFileError } from './key-file-error.js';
import { readKeyEntries } from './read-key-entries.js';

/** Time between two checks of the file, in milliseconds. */
const LOOK_EVERY_MS = 1_000;

/** Takes the entries over. Rejects with a KeyFileError if it cannot: then the file counts as broken. */
type TakeEntries = (entries: readonly KeyEntry[]) => Promise<void>;

/** Called when the file changes. */
interface KeyFileListener {
  readonly onChange: TakeEntries;
  /** The file cannot be used any more, and the keys that were read before stay valid. Called once for each state of the file. */
  readonly onFault: (error: KeyFileError) => void;
}

/**
 * A key file. It is checked once a second rather than watched. That also works on network drives, and for files that Kubernetes
 * mounts, which change when a symbolic link to a folder above them changes.
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
   * Reads the file for the first time. If it is broken, one of several processes uses the text with which the others have
   * started.
   * @returns why the file cannot be used now, if that text was used; undefined if the file can be used
   * @throws KeyFileError if there are no keys to use
   */
  async open(take: TakeEntries): Promise<KeyFileError | undefined> {
    try {
      await this.#read(take);
      return undefined;
    } catch (thrown) {
      const error = toKeyFileError(thrown);
      const kept = await askForKeptKeyFile(this.clock);
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
    // The state is read first, so that a change between the two is noticed by the next check.
    const state = await readFileState(this.path);
    this.#state = state;
    await take(await readKeyEntries(await this.#readContent()));
    reportUsableKeyFile(state);
  }

  async #readContent(): Promise<string> {
    try {
      return await readFile(this.path, 'utf8');
    } catch (error) {
      throw new KeyFileError([`cannot be read: ${readErrorCode(error)}`]);
    }
  }
}

/** Any error counts as a fault of the file, so that the keys stay as they are. */
function toKeyFileError(error: unknown): KeyFileError {
  return error instanceof KeyFileError ? error : new KeyFileError([ensureError(error).message]);
}
