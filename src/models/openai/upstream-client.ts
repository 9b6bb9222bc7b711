import { APIConnectionError } from 'openai/core/error';
import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions';
import { type AbortNotice, ensureError } from '../../kernel/index.js';
import type { Endpoint } from './endpoint.js';
import type { PreparedRequest, SdkClient } from './sdk-client.js';
import type { UpstreamResponse, UpstreamTransport } from './transport/index.js';

/** The parts that send requests. */
interface Parts {
  readonly sdk: SdkClient;
  readonly transport: UpstreamTransport;
}

/**
 * Sends requests to a model server as the `openai` SDK does. The SDK and undici are loaded on demand, because they would take
 * a fifth of the start and of the memory even without a model to call.
 */
export class UpstreamClient {
  readonly #endpoint: Endpoint;
  /** Query of the address. */
  readonly #query: string;
  #parts: Parts | undefined;
  #loading: Promise<Parts> | undefined;
  /** The key in `#prepared`. */
  #preparedKey: string | undefined;
  /** By model, because on Azure it is a part of the path. Their number is bounded by the agents. */
  readonly #prepared = new Map<string, PreparedRequest>();

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    this.#query = URL.parse(endpoint.baseUrl ?? '')?.search.slice(1) ?? '';
  }

  /** Loads the parts that send requests, once; the first request does so, too. */
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
   * Requests a completion and resolves with the head of a good response.
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

  /**
   * Prepares everything but the body: it is the same for each request, and the SDK takes longer for it than the rest of a
   * call.
   */
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
