import OpenAI, { APIConnectionError, type APIError, AzureOpenAI, type ClientOptions } from 'openai';
import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions';
import { type ProxyConfig, separateCredentials } from '../../config/index.js';
import { type AbortNotice, ensureError, findExcess } from '../../kernel/index.js';
import { findErrorObject } from './error-body.js';
import { type UpstreamResponse, type UpstreamRequest, UpstreamTransport } from './transport/index.js';
import { REQUEST_ID_HEADERS } from './upstream-request-id.js';

/** Where an OpenAI-compatible server is, and the credential it asks for. */
export interface Endpoint {
  /**
   * With everything before `/chat/completions`; absent: OpenAI itself. A user and password in it are sent as basic
   * authorization, a query with each request.
   */
  readonly baseUrl?: string | undefined;
  /** Absent: none, which local servers are content with. A function is asked before each request. */
  readonly apiKey?: string | (() => Promise<string>) | undefined;
  /** Set for the dated APIs of Azure, where the model is a part of the path and the key has a header of its own. */
  readonly azureApiVersion?: string | undefined;
  /** Sent with each request, names in lower case; they win over those that are sent anyway. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Absent: requests go out directly. */
  readonly proxy?: ProxyConfig | undefined;
}

/** Local servers ask for no key, but the SDK does. */
const NO_KEY = 'none';
const NO_ADDRESS = { url: undefined, authorization: undefined };
/** The SDK's own limit on the wait for headers is put out of the way: the timeouts of the calls cover the body as well. */
const UNLIMITED_MS = 2_147_483_647;

/** The environment is read in one place only, AppConfig; the SDK takes what is left out here from there. */
const OPTIONS = {
  organization: null,
  project: null,
  adminAPIKey: null,
  webhookSecret: null,
  timeout: UNLIMITED_MS,
  // The SDK's own retries wait for up to 8 s, and cannot be aborted while they do.
  maxRetries: 0,
  // At its debug level the SDK logs requests with their content.
  logLevel: 'off',
} as const satisfies ClientOptions;

/** A model server, asked as the `openai` SDK asks it. */
export class UpstreamClient {
  readonly #sdk: Sdk;
  readonly #transport: UpstreamTransport;
  /** Of the address, which the SDK would put the path behind. */
  readonly #query: string;
  /** Gives the key that is valid now; undefined: it is always the same. */
  readonly #readKey: (() => Promise<string>) | undefined;
  /** What `#prepared` was made with. */
  #preparedKey: string | undefined;
  /** By model, of which there are as many as agents name: on Azure it is a part of the path. */
  readonly #prepared = new Map<string, PreparedRequest>();

  constructor({ baseUrl, apiKey, azureApiVersion, headers, proxy }: Endpoint) {
    this.#readKey = typeof apiKey === 'function' ? apiKey : undefined;
    this.#transport = new UpstreamTransport(proxy);
    const { url, authorization } = baseUrl === undefined ? NO_ADDRESS : separateCredentials(baseUrl);
    this.#query = url?.search.slice(1) ?? '';
    if (url !== undefined) url.search = '';
    const options = {
      ...OPTIONS,
      apiKey: typeof apiKey === 'string' ? apiKey : NO_KEY,
      baseURL: url?.href ?? null,
      defaultHeaders: { ...(authorization !== undefined && { authorization }), ...headers },
    };
    this.#sdk =
      azureApiVersion === undefined
        ? new CompatibleClient(options)
        : new AzureClient({ ...options, apiVersion: azureApiVersion });
  }

  /**
   * Asks for a completion. Resolves with the head of a good response, whose body follows.
   * @throws APIError for a bad status, APIConnectionError if there is no response
   */
  async createCompletion(params: ChatCompletionCreateParams, signal: AbortNotice): Promise<UpstreamResponse> {
    if (this.#readKey !== undefined) this.#useKey(await this.#readKey());
    const prepared = this.#prepared.get(params.model) ?? (await this.#prepare(params.model));
    const { origin, path, headers } = prepared;
    const response = await this.#transport
      .post({ origin, path, headers, body: JSON.stringify(params) }, signal)
      .catch(throwConnectionError);
    if (response.body === undefined) throw this.#sdk.makeError(response);
    return response;
  }

  /** All of a request but its body is the same each time, and costs the SDK more to make than all the rest of a call. */
  async #prepare(model: string): Promise<PreparedRequest> {
    const key = this.#preparedKey;
    const request = await this.#sdk.prepareCompletion(model);
    const separator = request.path.includes('?') ? '&' : '?';
    const prepared = this.#query === '' ? request : { ...request, path: `${request.path}${separator}${this.#query}` };
    // The key may have changed meanwhile.
    if (this.#preparedKey === key) this.#prepared.set(model, prepared);
    return prepared;
  }

  #useKey(key: string): void {
    if (key === this.#preparedKey) return;
    this.#preparedKey = key;
    this.#sdk.apiKey = key;
    this.#prepared.clear();
  }
}

type FinalRequestOptions = Parameters<OpenAI['buildRequest']>[0];
type PreparedRequest = Omit<UpstreamRequest, 'body'>;

/** What is added to a client of the SDK. */
interface Sdk {
  /** What requests that are prepared from now on show. */
  apiKey: string | null;
  /** Address and headers, with the credential, of a request for a streamed completion of this model. */
  prepareCompletion(model: string): Promise<PreparedRequest>;
  /** The error that the SDK makes of a response with a bad status. */
  makeError(response: UpstreamResponse): APIError;
}

function makeRequestOptions(model: string): FinalRequestOptions {
  return { method: 'post', path: '/chat/completions', body: { model }, stream: true };
}

function readPreparedRequest(url: string, headers: Headers): PreparedRequest {
  const { origin, pathname, search } = new URL(url);
  return { origin, path: pathname + search, headers: [...headers].flat() };
}

function throwConnectionError(cause: unknown): never {
  throw new APIConnectionError({ message: 'Connection error.', cause: ensureError(cause) });
}

/** The headers of an error that the SDK and our own rules read. */
function makeErrorHeaders({ headers }: UpstreamResponse): Headers {
  return new Headers(
    Object.entries(headers).flatMap(([name, value]): [string, string][] =>
      ERROR_HEADERS.has(name) && typeof value === 'string' ? [[name, value]] : [],
    ),
  );
}

/** Deepest nesting of the body of an error that is looked at. */
const DEEPEST_ERROR = 64;

const ERROR_HEADERS: ReadonlySet<string> = new Set([
  'date',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  ...REQUEST_ID_HEADERS,
]);

/** The SDK writes errors again, which what is nested deeply does not bear; its status says enough. */
function parseErrorBody(text: string): object | undefined {
  if (findExcess(text, { values: Infinity, depth: DEEPEST_ERROR }) !== undefined) return undefined;
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? json : undefined;
  } catch {
    return undefined;
  }
}

class CompatibleClient extends OpenAI implements Sdk {
  constructor(options: ClientOptions) {
    super(options);
    // There is no option that keeps OPENAI_CUSTOM_HEADERS of the environment out.
    this._options.defaultHeaders = options.defaultHeaders;
  }

  async prepareCompletion(model: string): Promise<PreparedRequest> {
    const options = makeRequestOptions(model);
    await this.prepareOptions(options);
    const { req, url } = await this.buildRequest(options);
    return readPreparedRequest(url, req.headers);
  }

  makeError(response: UpstreamResponse): APIError {
    const json = parseErrorBody(response.text);
    return this.makeStatusError(
      response.status,
      { error: findErrorObject(json) },
      json === undefined ? response.text : undefined,
      makeErrorHeaders(response),
    );
  }
}

class AzureClient extends AzureOpenAI implements Sdk {
  constructor(options: ConstructorParameters<typeof AzureOpenAI>[0]) {
    super(options);
    this._options.defaultHeaders = options?.defaultHeaders;
  }

  async prepareCompletion(model: string): Promise<PreparedRequest> {
    const options = makeRequestOptions(model);
    await this.prepareOptions(options);
    const { req, url } = await this.buildRequest(options);
    return readPreparedRequest(url, req.headers);
  }

  makeError(response: UpstreamResponse): APIError {
    const json = parseErrorBody(response.text);
    return this.makeStatusError(
      response.status,
      json ?? {},
      json === undefined ? response.text : undefined,
      makeErrorHeaders(response),
    );
  }
}
