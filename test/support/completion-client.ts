import { CHAT } from './messages.js';
import { getJson, type HttpResponse, postJson, send } from './http-client.js';
import { openStream, SseStream } from './sse-client.js';
import type { SseItem } from './sse-frames.js';

type App = { readonly chatUrl: string };
type Headers = Readonly<Record<string, string>>;

export const GOES_ON: Headers = { 'millrace-on-disconnect': 'continue' };
export const ENDS: Headers = { 'millrace-on-disconnect': 'cancel' };

/** Starts a stored completion, and reads it as a stream. */
export function beginCompletion(app: App, headers: Headers = GOES_ON, body: object = {}): Promise<SseStream> {
  return openStream(app.chatUrl, { ...CHAT, stream: true, ...body }, { headers });
}

/**
 * Requests a stored completion, and waits for its end.
 * @returns its id
 */
export async function askForCompletion(app: App): Promise<string> {
  const { status, text, json } = await postJson(app.chatUrl, CHAT, GOES_ON);
  if (status !== 200) throw new Error(`${status}: ${text}`);
  return (json as { id: string }).id;
}

/** The URL of a completion. */
export function completionUrl(app: App, id: string, rest = ''): string {
  return `${app.chatUrl}/${id}${rest}`;
}

/** Gets the current state of a completion. */
export function retrieveCompletion(app: App, id: string, headers: Headers = {}): Promise<HttpResponse> {
  return getJson(completionUrl(app, id), headers);
}

/** Reads the chunks of a completion, to the end. */
export function followCompletion(app: App, id: string, query = '', headers: Headers = {}): Promise<HttpResponse> {
  return getJson(completionUrl(app, id, `?stream=true${query}`), headers);
}

/** Opens the stream of a completion. */
export async function joinCompletion(app: App, id: string, headers: Headers = {}): Promise<SseStream> {
  const sentAt = performance.now();
  const { request, response } = send('GET', completionUrl(app, id, '?stream=true'), undefined, { headers });
  return new SseStream(request, await response, sentAt);
}

/**
 * Waits for a text in a stream.
 * @returns id of the completion, and the id of the event with the text
 */
export async function readUntil(stream: SseStream, text: string): Promise<{ id: string; last: string }> {
  const item = await stream.until((each) => each.kind === 'data' && each.data.includes(text));
  if (item.kind !== 'data' || item.id === undefined) throw new Error('The chunk has no id');
  return { id: (item.json as { id: string }).id, last: item.id };
}

/** The part of a stream that is the same for every reader: its events with their numbers, without comments and retry times. */
export function stripStream(items: readonly SseItem[]): readonly (readonly [id: string | undefined, data: string])[] {
  return items.flatMap((item) => (item.kind === 'data' ? [[item.id, item.data] as const] : []));
}
