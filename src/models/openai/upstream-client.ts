import OpenAI, { type APIError, AzureOpenAI, type ClientOptions } from 'openai';
import { errorObjectIn } from './error-body.js';

/** Where an OpenAI-compatible server is, and the credential it asks for. */
export interface Endpoint {
  /** With everything before `/chat/completions`; absent: OpenAI itself. */
  readonly baseUrl?: string | undefined;
  /** Absent: none, which local servers are content with. A function is asked before each request. */
  readonly apiKey?: string | (() => Promise<string>) | undefined;
  /** Set for the dated APIs of Azure, where the model is a part of the path and the key has a header of its own. */
  readonly azureApiVersion?: string | undefined;
}

/** Local servers ask for no key, but the SDK does. */
const NO_KEY = 'none';
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

/** A client of the `openai` SDK for this server, whose requests are carried by `fetch`. */
export function upstreamClient({ baseUrl, apiKey, azureApiVersion }: Endpoint, fetch: ClientOptions['fetch']): OpenAI {
  const options = { ...OPTIONS, fetch };
  if (azureApiVersion === undefined) {
    return new CompatibleClient({ ...options, apiKey: apiKey ?? NO_KEY, baseURL: baseUrl ?? null });
  }
  const credential =
    typeof apiKey === 'function' ? { azureADTokenProvider: apiKey, apiKey: '' } : { apiKey: apiKey ?? NO_KEY };
  return new AzureClient({ ...options, ...credential, baseURL: baseUrl ?? null, apiVersion: azureApiVersion });
}

class CompatibleClient extends OpenAI {
  constructor(options: ClientOptions) {
    super(options);
    // There is no option that keeps OPENAI_CUSTOM_HEADERS of the environment out.
    delete this._options.defaultHeaders;
  }

  protected override makeStatusError(
    status: number,
    body: object,
    message: string | undefined,
    headers: Headers,
  ): APIError {
    return super.makeStatusError(status, { error: errorObjectIn(body) }, message, headers);
  }
}

class AzureClient extends AzureOpenAI {
  constructor(options: ConstructorParameters<typeof AzureOpenAI>[0]) {
    super(options);
    delete this._options.defaultHeaders;
  }
}
