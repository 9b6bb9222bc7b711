import { getJson, type HttpResponse, postJson, readResponse, send } from './http-client.js';
import { assertValidResponse, type WireResponse } from './response-schemas.js';
import { readResponseStream, responsesUrl } from './responses-client.js';
import type { CheckedStream } from './response-rules.js';
import { readFrames } from './sse-frames.js';

type App = { readonly baseUrl: string };
type Headers = Readonly<Record<string, string>>;

/** The URL of a response. */
export function responseUrl(app: App, id: string, rest = ''): string {
  return `${responsesUrl(app)}/${id}${rest}`;
}

/** Starts a response in the background, by default of the workflow `chat`. */
export async function beginResponse(app: App, body: object = {}, headers: Headers = {}): Promise<WireResponse> {
  const response = await postJson(
    responsesUrl(app),
    { model: 'chat', input: 'Hello', background: true, ...body },
    headers,
  );
  if (response.status !== 200) throw new Error(`${response.status}: ${response.text}`);
  assertValidResponse(response.json);
  return response.json;
}

/** Gets the current state of a response. */
export async function retrieve(app: App, id: string, headers: Headers = {}): Promise<WireResponse> {
  const { status, text, json } = await getJson(responseUrl(app, id), headers);
  if (status !== 200) throw new Error(`${status}: ${text}`);
  assertValidResponse(json);
  return json;
}

/** Cancels a response, or removes it. */
export async function callResponse(
  app: App,
  method: 'POST' | 'DELETE',
  path: string,
  headers: Headers = {},
): Promise<HttpResponse> {
  return readResponse(await send(method, responseUrl(app, path), undefined, { headers }).response);
}

/** Reads the stream of a response to its end. */
export async function followResponse(app: App, id: string, query = '', headers: Headers = {}): Promise<HttpResponse> {
  return getJson(responseUrl(app, id, `?stream=true${query}`), headers);
}

/**
 * Reads the stream of a response until the server breaks it off.
 * @param onText called with the whole text so far at each new piece
 * @throws Error if the stream reaches its end
 */
export async function readUntilCut(app: App, id: string, onText?: (text: string) => void): Promise<string> {
  const response = await send('GET', responseUrl(app, id, '?stream=true'), undefined).response;
  let text = '';
  try {
    for await (const bytes of response) {
      text += String(bytes);
      onText?.(text);
    }
  } catch {
    return text;
  }
  throw new Error(`The stream has an end: ${text.slice(-200)}`);
}

/** The part of a stream that is the same for every reader: its data, without comments and other fields. */
export function stripFrames(stream: string): string {
  return stream.replaceAll(/^(?:: .*\n\n|(?:id|retry): \d+\n)/gm, '');
}

/** Checks a stream by every rule. */
export function readStream(stream: string): CheckedStream {
  return readResponseStream(readFrames(stripFrames(stream)));
}
