import OpenAI, { type APIError, AzureOpenAI, type ClientOptions } from 'openai';
import { separateCredentials } from '../../config/index.js';
import { findExcess } from '../../kernel/index.js';
import { findErrorObject } from './error-body.js';
import type { UpstreamRequest, UpstreamResponse } from './transport/index.js';
import type { Endpoint } from './endpoint.js';
import { REQUEST_ID_HEADERS } from './upstream-request-id.js';

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

type FinalRequestOptions = Parameters<OpenAI['buildRequest']>[0];
/** All of a request but its body. */
export type PreparedRequest = Omit<UpstreamRequest, 'body'>;

/** What a client of the SDK does for us, beside what it makes by itself. */
export interface SdkClient {
  /** What requests that are prepared from now on show. */
  apiKey: string | null;
  /** Address and headers, with the credential, of a request for a streamed completion of this model. */
  prepareCompletion(model: string): Promise<PreparedRequest>;
  /** The error that the SDK makes of a response with a bad status. */
  makeError(response: UpstreamResponse): APIError;
}

/** A client of the SDK for an endpoint. The query of its address is left out: the SDK would put the path behind it. */
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

class CompatibleClient extends OpenAI implements SdkClient {
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
