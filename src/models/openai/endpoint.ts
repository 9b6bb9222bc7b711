import type { ProxyConfig } from '../../config/index.js';

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
