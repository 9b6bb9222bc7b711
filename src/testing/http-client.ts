import { request as httpRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { text as readText } from 'node:stream/consumers';

/** What a test may decide about a request. */
export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Leaves the server when it aborts. */
  readonly signal?: AbortSignal;
}

/** A whole answer. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Undefined if the body is no JSON. */
  readonly json: unknown;
}

/**
 * Sends a body as JSON and reads the whole answer, whatever its status.
 * @param body a string and bytes are sent as they are, so that it can be broken JSON
 */
export async function postJson(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpResponse> {
  return readResponse(await send('POST', url, body, { headers }).answer);
}

/** Reads the whole answer of a GET, whatever its status. */
export async function getJson(url: string, headers: Readonly<Record<string, string>> = {}): Promise<HttpResponse> {
  return readResponse(await send('GET', url, undefined, { headers }).answer);
}

/** Reads what is left of an answer. */
export async function readResponse(answer: IncomingMessage): Promise<HttpResponse> {
  const text = await readText(answer);
  return { status: answer.statusCode ?? 0, headers: answer.headers, text, json: parse(text) };
}

/**
 * Sends a request on a connection of its own, so that leaving closes exactly that one.
 * @param body undefined: none; a string and bytes are sent as they are, anything else as JSON
 * @returns the request, to leave by, and the answer as soon as its head is there
 */
export function send(
  method: string,
  url: string,
  body: unknown,
  { headers = {}, signal }: RequestOptions = {},
): { request: ClientRequest; answer: Promise<IncomingMessage> } {
  const payload = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const request = httpRequest(url, {
    method,
    agent: false,
    headers: { ...(payload !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(signal && { signal }),
  });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', reject);
  });
  request.end(payload);
  return { request, answer };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
