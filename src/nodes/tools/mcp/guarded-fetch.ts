import { lookup as resolve, type LookupAddress } from 'node:dns';
import { Agent as HttpAgent, type IncomingMessage, request as requestPlain } from 'node:http';
import { Agent as HttpsAgent, request as requestSecure } from 'node:https';
import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import type { HostPolicy } from './host-policy.js';

/** Requests of one connection to a server that a client names. */
export interface GuardedFetch {
  readonly fetch: typeof fetch;
  /** Closes what is open. */
  readonly close: () => void;
}

/**
 * `fetch` for the hosts that a policy allows: the host is checked before each request, and each address before the
 * connection to it is opened. It follows no redirect, and uses no proxy, which would resolve the name anew.
 */
export function makeGuardedFetch(policy: HostPolicy): GuardedFetch {
  const options = { keepAlive: true, lookup: makeLookup(policy) };
  const agents = { 'http:': new HttpAgent(options), 'https:': new HttpsAgent(options) };
  const guardedFetch = async (input: Parameters<typeof fetch>[0], init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (!policy.allows(url)) throw new Error('This server does not allow calls to this host');
    const headers = Object.fromEntries(new Headers(init.headers));
    const signal = init.signal ?? undefined;
    const isPlain = url.protocol === 'http:';
    const agent = agents[isPlain ? 'http:' : 'https:'];
    const message = await new Promise<IncomingMessage>((done, fail) => {
      const request = (isPlain ? requestPlain : requestSecure)(
        url,
        { method: init.method ?? 'GET', headers, agent, ...(signal && { signal }) },
        done,
      );
      request.on('error', fail);
      request.end(typeof init.body === 'string' ? init.body : undefined);
    });
    return makeResponse(message);
  };
  return {
    fetch: guardedFetch,
    close: () => {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

function makeResponse(message: IncomingMessage): Response {
  const { statusCode: status = 502, headersDistinct } = message;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  const hasNoBody = status === 204 || status === 205 || status === 304;
  if (hasNoBody) message.resume();
  // These are two declarations of the same web streams.
  const body = hasNoBody ? null : (Readable.toWeb(message) as ReadableStream<Uint8Array>);
  return new Response(body, { status, headers });
}

/** Resolves a name to those of its addresses that may be connected to. */
function makeLookup(policy: HostPolicy): LookupFunction {
  return (hostname, { all, ...options }, done) => {
    resolve(hostname, { ...options, all: true }, (error, found: readonly LookupAddress[]) => {
      const addresses = error === null ? found.filter(({ address }) => policy.mayConnect(hostname, address)) : [];
      const [first] = addresses;
      if (first === undefined)
        done(error ?? new Error('The name of this host resolves to no address that this server allows'), '', 0);
      else if (all === true) done(null, [...addresses]);
      else done(null, first.address, first.family);
    });
  };
}
