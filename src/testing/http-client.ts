import { request as httpRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { tryParseJson } from '../kernel/index.js';

/** Options of a request. */
export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Closes the connection when it aborts. */
  readonly signal?: AbortSignal;
}

/** A whole response. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The parsed body; undefined if it is not JSON. */
  readonly json: unknown;
}

/**
 * Sends a body as JSON and reads the whole response, whatever its status.
 * @param body strings and bytes are sent as they are, so that they can be invalid JSON
 */
export async function postJson(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpResponse> {
  return readResponse(await send('POST', url, body, { headers }).response);
}

/** Sends a GET and reads the whole response, whatever its status. */
export async function getJson(url: string, headers: Readonly<Record<string, string>> = {}): Promise<HttpResponse> {
  return readResponse(await send('GET', url, undefined, { headers }).response);
}

/** Reads the rest of a response. */
export async function readResponse(response: IncomingMessage): Promise<HttpResponse> {
  const text = await readText(response);
  return { status: response.statusCode ?? 0, headers: response.headers, text, json: tryParseJson(text) };
}

/**
 * Sends a request on its own connection, so that aborting it closes no other.
 * @param body undefined: none; strings and bytes are sent as they are, anything else as JSON
 * @returns the request, which can be aborted, and the response as soon as its head has arrived
 */
export function send(
  method: string,
  url: string,
  body: unknown,
  { headers = {}, signal }: RequestOptions = {},
): { request: ClientRequest; response: Promise<IncomingMessage> } {
  const payload = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const request = httpRequest(url, {
    method,
    agent: false,
    headers: { ...(payload !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(signal && { signal }),
  });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', reject);
  });
  request.end(payload);
  return { request, response };
}
