import type { ProxyConfig } from '../../../config/index.js';
import { type Dispatcher, EnvHttpProxyAgent, Pool } from './undici.js';

/** The `connect` function of undici's proxy agents. */
type Connect = (options: object, callback: (error: Error | null, socket: unknown) => void) => void;

/**
 * Makes a dispatcher that sends requests through proxies by undici's rules. A proxy that closes the connection without a
 * response fails the request; undici alone would treat that as temporary and retry at once, for ever.
 * @param options options of the connections
 */
export function createProxyDispatcher(proxy: ProxyConfig, options: EnvHttpProxyAgent.Options = {}): Dispatcher {
  return new EnvHttpProxyAgent({
    ...options,
    factory: (origin, given) => {
      const { connect } = given as Pool.Options;
      return new Pool(
        origin,
        typeof connect === 'function' ? { ...given, connect: makeFailing(connect as Connect) as never } : given,
      );
    },
    // undici reads missing options from the environment.
    httpProxy: '',
    httpsProxy: '',
    ...proxy,
  });
}

function makeFailing(connect: Connect): Connect {
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
