import { APIConnectionError } from 'openai/core/error';
import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions';
import { type AbortNotice, ensureError } from '../../kernel/index.js';
import type { Endpoint } from './endpoint.js';
import type { PreparedRequest, SdkClient } from './sdk-client.js';
import type { UpstreamResponse, UpstreamTransport } from './transport/index.js';

/** What sends requests. */
interface Parts {
  readonly sdk: SdkClient;
  readonly transport: UpstreamTransport;
}

/**
 * A model server, asked as the `openai` SDK asks it. The SDK and undici are loaded when they are needed: without a model to ask,
 * they would take a fifth of a start, and of the memory after it.
 */
export class UpstreamClient {
  readonly #endpoint: Endpoint;
  /** Of the address. */
  readonly #query: string;
  #parts: Parts | undefined;
  #loading: Promise<Parts> | undefined;
  /** What `#prepared` was made with. */
  #preparedKey: string | undefined;
  /** By model, of which there are as many as agents name: on Azure it is a part of the path. */
  readonly #prepared = new Map<string, PreparedRequest>();

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    this.#query = URL.parse(endpoint.baseUrl ?? '')?.search.slice(1) ?? '';
  }

  /** Loads what sends requests, once; the first request does it, too. */
  async load(): Promise<Parts> {
    this.#loading ??= this.#makeParts();
    try {
      return (this.#parts = await this.#loading);
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }

  /**
   * Asks for a completion. Resolves with the head of a good response, whose body follows.
   * @throws APIError for a bad status, APIConnectionError if there is no response
   */
  async createCompletion(params: ChatCompletionCreateParams, signal: AbortNotice): Promise<UpstreamResponse> {
    const parts = this.#parts ?? (await this.load());
    const { apiKey } = this.#endpoint;
    if (typeof apiKey === 'function') this.#useKey(await apiKey(), parts);
    const prepared = this.#prepared.get(params.model) ?? (await this.#prepare(params.model, parts));
    const { origin, path, headers } = prepared;
    const response = await parts.transport
      .post({ origin, path, headers, body: JSON.stringify(params) }, signal)
      .catch(throwConnectionError);
    if (response.body === undefined) throw parts.sdk.makeError(response);
    return response;
  }

  async #makeParts(): Promise<Parts> {
    const [{ makeSdkClient }, { UpstreamTransport: Transport }] = await Promise.all([
      import('./sdk-client.js'),
      import('./transport/index.js'),
    ]);
    return { sdk: makeSdkClient(this.#endpoint), transport: new Transport(this.#endpoint.proxy) };
  }

  /** All of a request but its body is the same each time, and costs the SDK more to make than all the rest of a call. */
  async #prepare(model: string, { sdk }: Parts): Promise<PreparedRequest> {
    const key = this.#preparedKey;
    const request = await sdk.prepareCompletion(model);
    const separator = request.path.includes('?') ? '&' : '?';
    const prepared = this.#query === '' ? request : { ...request, path: `${request.path}${separator}${this.#query}` };
    // The key may have changed meanwhile.
    if (this.#preparedKey === key) this.#prepared.set(model, prepared);
    return prepared;
  }

  #useKey(key: string, { sdk }: Parts): void {
    if (key === this.#preparedKey) return;
    this.#preparedKey = key;
    sdk.apiKey = key;
    this.#prepared.clear();
  }
}

function throwConnectionError(cause: unknown): never {
  throw new APIConnectionError({ message: 'Connection error.', cause: ensureError(cause) });
}
