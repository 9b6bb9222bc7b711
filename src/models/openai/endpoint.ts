import type { ProxyConfig } from '../../config/index.js';

/** Where an OpenAI-compatible server is, and the credential it asks for. */
export interface Endpoint {
  /**
   * Everything before `/chat/completions`; absent: OpenAI itself. A user and password in it become basic authorization, and a
   * query is sent with each request.
   */
  readonly baseUrl?: string | undefined;
  /** Absent for local servers without a key. A function is called before each request. */
  readonly apiKey?: string | (() => Promise<string>) | undefined;
  /** Set for Azure's dated APIs, where the model is a part of the path and the key has a header of its own. */
  readonly azureApiVersion?: string | undefined;
  /** Additional headers by names in lower case; they override the usual ones. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Absent: requests are sent directly. */
  readonly proxy?: ProxyConfig | undefined;
}
