import assert from 'node:assert/strict';
import { postJson, type HttpResponse } from './http-client.js';
import { assertValidResponse, type WireResponse } from './response-schemas.js';
import { assertResponseStream, type CheckedStream } from './response-rules.js';
import { openStream, type SseStream } from './sse-client.js';
import { DONE, type SseItem } from './sse-frames.js';
import { assertValidError, type ErrorEnvelope } from './wire-schema.js';

const REQUEST = { model: 'chat', input: 'Hello' };

/** The URL for responses below the clients' base URL. */
export function responsesUrl({ baseUrl }: { readonly baseUrl: string }): string {
  return `${baseUrl}/responses`;
}

/**
 * Requests a response without streaming, by default of the workflow `chat`.
 * @throws Error if the body is neither a valid Response nor a valid error
 */
export async function askResponse(
  app: { readonly baseUrl: string },
  body: object = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpResponse> {
  const response = await postJson(responsesUrl(app), { ...REQUEST, ...body }, headers);
  if (response.status === 200) assertValidResponse(response.json);
  else assertValidError(response.json);
  return response;
}

/** Creates a response, which must succeed. */
export async function createResponse(
  app: { readonly baseUrl: string },
  body: object = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<WireResponse> {
  const { status, text, json } = await askResponse(app, body, headers);
  assert.equal(status, 200, text);
  return json as WireResponse;
}

/** Sends a request for a response, which must fail. */
export async function failResponse(
  app: { readonly baseUrl: string },
  body: object = {},
): Promise<ErrorEnvelope['error'] & { readonly status: number }> {
  const { status, json } = await askResponse(app, body);
  return { status, ...(json as ErrorEnvelope).error };
}

/** Requests the stream of a response. */
export function openResponse(
  app: { readonly baseUrl: string },
  body: object = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<SseStream> {
  return openStream(responsesUrl(app), { ...REQUEST, stream: true, ...body }, { headers });
}

/**
 * Checks a whole stream by every rule, its `[DONE]` too.
 * @throws AssertionError naming the rule that is broken, or Error if an event is not valid at all
 */
export function readResponseStream(items: readonly SseItem[]): CheckedStream {
  const data = items.flatMap((item) => (item.kind === 'data' ? [item] : []));
  assert.equal(data.at(-1)?.data, DONE, '[DONE] is last');
  for (const { event, json } of data.slice(0, -1)) assert.equal(event, (json as { type?: unknown }).type);
  return assertResponseStream(data.slice(0, -1).map(({ json }) => json));
}

/** Requests a stream, and reads it to its end. */
export async function streamResponse(
  app: { readonly baseUrl: string },
  body: object = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<CheckedStream> {
  return readResponseStream(await (await openResponse(app, body, headers)).collect({ within: 20_000 }));
}

/** Whether an item of a stream has data with this word. */
export const hasWord = (word: string) => (item: SseItem) => item.kind === 'data' && item.data.includes(word);
