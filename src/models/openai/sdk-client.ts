import OpenAI, { type APIError, AzureOpenAI, type ClientOptions } from 'openai';
import { separateCredentials } from '../../config/index.js';
import { findExcess } from '../../kernel/index.js';
import { findErrorObject } from './error-body.js';
import type { UpstreamRequest, UpstreamResponse } from './transport/index.js';
import type { Endpoint } from './endpoint.js';
import { REQUEST_ID_HEADERS } from './upstream-request-id.js';

/** The SDK needs a key, even for local servers without one. */
const NO_KEY = 'none';
const NO_ADDRESS = { url: undefined, authorization: undefined };
/** Disables the SDK's own timeout, because the timeouts of calls also cover the body. */
const UNLIMITED_MS = 2_147_483_647;

/** Set explicitly, because the SDK reads missing options from the environment, which only AppConfig may read. */
const OPTIONS = {
  organization: null,
  project: null,
  adminAPIKey: null,
  webhookSecret: null,
  timeout: UNLIMITED_MS,
  // The SDK's own retries wait up to 8 s and cannot be aborted meanwhile.
  maxRetries: 0,
  // At its debug level the SDK logs requests with their content.
  logLevel: 'off',
} as const satisfies ClientOptions;

type FinalRequestOptions = Parameters<OpenAI['buildRequest']>[0];
/** A request without its body. */
export type PreparedRequest = Omit<UpstreamRequest, 'body'>;

/** The used parts of an SDK client. */
export interface SdkClient {
  /** The key for requests that are prepared from now on. */
  apiKey: string | null;
  /** Makes the address and headers, with the credential, of a completion request for this model. */
  prepareCompletion(model: string): Promise<PreparedRequest>;
  /** Makes the SDK's error for a response with a bad status. */
  makeError(response: UpstreamResponse): APIError;
}

/** Makes an SDK client for an endpoint. The query of the address is removed, because the SDK would put the path after it. */
export function makeSdkClient({ baseUrl, apiKey, azureApiVersion, headers }: Endpoint): SdkClient {
  const { url, authorization } = baseUrl === undefined ? NO_ADDRESS : separateCredentials(baseUrl);
  if (url !== undefined) url.search = '';
  const options = {
    ...OPTIONS,
    apiKey: typeof apiKey === 'string' ? apiKey : NO_KEY,
    baseURL: url?.href ?? null,
    defaultHeaders: { ...(authorization !== undefined && { authorization }), ...headers },
  };
  return azureApiVersion === undefined
    ? new CompatibleClient(options)
    : new AzureClient({ ...options, apiVersion: azureApiVersion });
}

function makeRequestOptions(model: string): FinalRequestOptions {
  return { method: 'post', path: '/chat/completions', body: { model }, stream: true };
}

function readPreparedRequest(url: string, headers: Headers): PreparedRequest {
  const { origin, pathname, search } = new URL(url);
  return { origin, path: pathname + search, headers: [...headers].flat() };
}

/** Picks the headers of an error response that the SDK and this server read. */
function makeErrorHeaders({ headers }: UpstreamResponse): Headers {
  return new Headers(
    Object.entries(headers).flatMap(([name, value]): [string, string][] =>
      ERROR_HEADERS.has(name) && typeof value === 'string' ? [[name, value]] : [],
    ),
  );
}

/** Deepest nesting of an error body that is read. */
const DEEPEST_ERROR = 64;

const ERROR_HEADERS: ReadonlySet<string> = new Set([
  'date',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  ...REQUEST_ID_HEADERS,
]);

/** Parses an error body. The SDK serializes errors, which fails if they are nested deeply; then the status alone must do. */
function parseErrorBody(text: string): object | undefined {
  if (findExcess(text, { values: Infinity, depth: DEEPEST_ERROR }) !== undefined) return undefined;
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? json : undefined;
  } catch {
    return undefined;
  }
}

class CompatibleClient extends OpenAI implements SdkClient {
  constructor(options: ClientOptions) {
    super(options);
    // No option keeps out OPENAI_CUSTOM_HEADERS of the environment.
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

class AzureClient extends AzureOpenAI implements SdkClient {
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
