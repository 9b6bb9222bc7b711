import { readFile } from 'node:fs/promises';
import { Logger } from '@nestjs/common';
import { isCredential, type ProviderKey } from '../../../config/index.js';
import { UpstreamError } from '../../../errors/index.js';
import { readErrorCode, readFileState } from '../../../kernel/index.js';
import type { Endpoint } from '../endpoint.js';

const logger = new Logger('Models');

/** Chooses the key of a provider: the first one that is set, as a value or as a file. A file is checked for each request. */
export function chooseKey(...keys: readonly (ProviderKey | undefined)[]): Endpoint['apiKey'] {
  const { value, file } = keys.find((key) => key !== undefined) ?? {};
  return file === undefined ? value : new ProviderKeyFile(file.variable, file.path, value).read;
}

/**
 * A file with a provider's key, which may change at any time. While it is missing, empty or unreadable, its last key stays in
 * use.
 */
class ProviderKeyFile {
  readonly #variable: string;
  readonly #path: string;
  #key: string | undefined;
  #state: string | undefined;
  #fault: { readonly what: string; readonly cause?: unknown } | undefined;
  #reading: Promise<void> | undefined;

  /**
   * @param variable the environment variable that names the file, for the operator
   * @param key its content at the start, if it could be read
   */
  constructor(variable: string, path: string, key: string | undefined) {
    this.#variable = variable;
    this.#path = path;
    this.#key = key;
  }

  /**
   * Reads the current key, or gives the last one.
   * @throws UpstreamError if it has never held one
   */
  readonly read = async (): Promise<string> => {
    const state = await readFileState(this.#path);
    if (state !== this.#state) {
      this.#reading ??= this.#look(state).finally(() => (this.#reading = undefined));
      await this.#reading;
    }
    if (this.#key !== undefined) return this.#key;
    const { what = 'cannot be read', cause } = this.#fault ?? {};
    throw new UpstreamError(
      'This server has no valid credentials for its model provider. Its operator must set them right.',
      {
        code: 'upstream_authentication',
        retryable: false,
        diagnostic: `the file of ${this.#variable} ${what}`,
        cause,
      },
    );
  };

  /** Reads the file once for each of its states and reports a change or a fault. */
  async #look(state: string): Promise<void> {
    const isFirst = this.#state === undefined;
    try {
      const text = (await readFile(this.#path, 'utf8')).trim();
      if (isCredential(text)) {
        if (text !== this.#key && !isFirst)
          logger.log(`The file of ${this.#variable} holds another key: it is used from now on`);
        this.#key = text;
        this.#fault = undefined;
      } else {
        this.#fault = { what: 'holds no token' };
      }
    } catch (cause) {
      this.#fault = { what: `cannot be read (${readErrorCode(cause)})`, cause };
    }
    this.#state = state;
    if (this.#fault !== undefined && this.#key !== undefined) {
      logger.warn(`The file of ${this.#variable} ${this.#fault.what}: the key that it held before stays in use`);
    }
  }
}
