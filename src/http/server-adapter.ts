import { createServer, IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express/adapters/express-adapter.js';
import type { ServerConfig } from '../config/index.js';

/** How often slow requests are searched for, in milliseconds; Node's own 30 s would make short limits meaningless. */
const CHECK_INTERVAL_MS = 1_000;

/**
 * How many connections may wait to be accepted. With Node's default of 511, the system drops clients that come in a crowd
 * while the process is busy: they see resets, or seconds of silence. The system may lower the number.
 */
const BACKLOG = 8_192;

/**
 * Express on a Node server with the configured limits. A client whose request is too slow or whose headers are too long is cut off,
 * with 408 or 431. An idle connection is kept longer than a gateway would keep it.
 */
export class ServerAdapter extends ExpressAdapter {
  constructor(private readonly config: ServerConfig) {
    super();
  }

  override initHttpServer(): void {
    const { keepAliveTimeoutMs, headersTimeoutMs, requestTimeoutMs, maxHeaderBytes } = this.config;
    const listener = this.getInstance<RequestListener>();
    this.httpServer = createServer(
      {
        ...makeMessageClasses(this.getInstance()),
        keepAliveTimeout: keepAliveTimeoutMs,
        // Node refuses to start with a longer one.
        headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
        requestTimeout: requestTimeoutMs,
        connectionsCheckingInterval: CHECK_INTERVAL_MS,
        maxHeaderSize: maxHeaderBytes,
        // Node would respond by itself, past everything that counts and limits requests. requireHost() does it instead.
        requireHostHeader: false,
      },
      listener,
    );
    // The same for an `Expect` that Node does not know, which RFC 9110, section 10.1.1, lets a server ignore.
    this.httpServer.on('checkExpectation', listener);
    // The limit of their size is enough. Node would drop the ones beyond the thousandth without a word, gateways' among them.
    this.httpServer.maxHeadersCount = 0;
  }

  override listen(port: string | number, hostname?: string | Listener, callback?: Listener): Server {
    const [host, onListening] = typeof hostname === 'string' ? [hostname, callback] : [undefined, hostname];
    return this.httpServer.listen(
      { port: Number(port), backlog: BACKLOG, ...(host !== undefined && { host }) },
      onListening,
    );
  }

  /** Also ends connections: Node would wait for those that never sent a request, which clients keep in reserve. */
  override async close(): Promise<void> {
    const closed = super.close();
    this.httpServer.closeAllConnections();
    await closed;
  }
}

type Listener = () => void;

/** The prototypes that Express gives to requests and responses. */
interface MessagePrototypes {
  request: object;
  response: object;
}

/**
 * Classes whose objects have Express' prototypes from the beginning. Otherwise Express replaces the prototype of each
 * request and response, and the JavaScript engine gives each of them a hidden class of its own: accesses are no longer
 * cached, and each takes some kilobytes more (docs/performance.md). Express leaves a prototype that is already right.
 */
function makeMessageClasses(app: MessagePrototypes): {
  IncomingMessage: typeof IncomingMessage;
  ServerResponse: typeof ServerResponse;
} {
  class ExpressRequest extends IncomingMessage {}
  class ExpressResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {}
  Object.setPrototypeOf(ExpressRequest.prototype, app.request);
  Object.setPrototypeOf(ExpressResponse.prototype, app.response);
  app.request = ExpressRequest.prototype;
  app.response = ExpressResponse.prototype;
  return { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse };
}
