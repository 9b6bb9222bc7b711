import { createServer, IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { ServerConfig } from '../config/index.js';
import { answerInTurn } from './turn.js';

/** How often slow requests are looked for, in milliseconds; Node's own 30 s would make short limits meaningless. */
const CHECK_INTERVAL_MS = 1_000;

/**
 * How many connections may wait to be accepted. With Node's own 511, clients that come in a crowd are dropped by the system
 * while the process is busy, and see resets or seconds of silence; the system lowers this to what it allows itself.
 */
const BACKLOG = 8_192;

/**
 * Express on a server of Node's with the limits that the configuration sets. Who sends a request too slowly or with too long
 * headers is cut off, with 408 or 431; an idle connection outlives the gateway's wish to use it again.
 */
export class ServerAdapter extends ExpressAdapter {
  constructor(private readonly config: ServerConfig) {
    super();
  }

  override initHttpServer(): void {
    const { keepAliveTimeoutMs, headersTimeoutMs, requestTimeoutMs, maxHeaderBytes } = this.config;
    const listener = answerInTurn(this.getInstance<RequestListener>());
    this.httpServer = createServer(
      {
        ...messageClasses(this.getInstance()),
        keepAliveTimeout: keepAliveTimeoutMs,
        // Node refuses to start with a longer one.
        headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
        requestTimeout: requestTimeoutMs,
        connectionsCheckingInterval: CHECK_INTERVAL_MS,
        maxHeaderSize: maxHeaderBytes,
        // Node would answer by itself, past all that counts and bounds requests; requireHost() does it.
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
}

type Listener = () => void;

/** What Express gives the messages of an application as prototypes. */
interface MessagePrototypes {
  request: object;
  response: object;
}

/**
 * Classes whose objects have Express' prototypes from the beginning. Express else replaces the prototype of each request and
 * response, and the engine then gives every one of them a hidden class of its own: no access to them can be cached any
 * more, and each takes some kilobytes more (docs/performance.md). What it finds in place it leaves as it is.
 */
function messageClasses(app: MessagePrototypes): {
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
