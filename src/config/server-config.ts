/** How the server takes connections, and whom it believes. `.env.example` explains each variable. */
export interface ServerConfig {
  /**
   * Whose `X-Forwarded-*` headers are believed, as Express' `trust proxy` writes it: nobody's, those of that many proxies in
   * a row, or those of these addresses and networks.
   */
  readonly trustProxy: false | number | readonly string[];
  /** How long a connection may be idle between two requests. */
  readonly keepAliveTimeoutMs: number;
  /** How long the headers of a request may take, from its first byte; for a connection's first one, from its opening. */
  readonly headersTimeoutMs: number;
  /** How long a whole request may take to arrive, headers and body. */
  readonly requestTimeoutMs: number;
  /** How long nothing of a body that is being read may come. */
  readonly bodyTimeoutMs: number;
  /** How long nothing of a complete answer may leave, because its client does not read. */
  readonly sendTimeoutMs: number;
  /** How many processes share the port. */
  readonly processes: number;
  /** Most bytes of a request's line and headers together. */
  readonly maxHeaderBytes: number;
}
