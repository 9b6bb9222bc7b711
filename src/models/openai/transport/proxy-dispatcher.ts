import type { ProxyConfig } from '../../../config/index.js';
import { type Dispatcher, EnvHttpProxyAgent, Pool } from './undici.js';

/** What undici's proxies take as `connect`, once they have made a function of it. */
type Connect = (options: object, callback: (error: Error | null, socket: unknown) => void) => void;

/**
 * Sends requests through proxies by undici's rules. A proxy that closes the connection in place of a response fails the request:
 * undici takes that for a passing fault, and would ask it again at once and for ever.
 * @param options of the connections
 */
export function createProxyDispatcher(proxy: ProxyConfig, options: EnvHttpProxyAgent.Options = {}): Dispatcher {
  return new EnvHttpProxyAgent({
    ...options,
    factory: (origin, given) => {
      const { connect } = given as Pool.Options;
      return new Pool(
        origin,
        typeof connect === 'function' ? { ...given, connect: failing(connect as Connect) as never } : given,
      );
    },
    // What is left out here undici would read from the environment.
    httpProxy: '',
    httpsProxy: '',
    ...proxy,
  });
}

function failing(connect: Connect): Connect {
  return (options, callback) =>
    connect(options, (error, socket) => {
      const isClosed = error !== null && 'code' in error && error.code === 'UND_ERR_SOCKET';
      callback(isClosed ? new ProxyClosedError(error) : error, socket);
    });
}

class ProxyClosedError extends Error {
  readonly code = 'ECONNRESET';

  constructor(cause: Error) {
    super('The proxy closed the connection', { cause });
  }
}
