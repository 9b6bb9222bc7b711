import { getJson, type HttpResponse, postJson } from './http-client.js';
import { assertCompletion, readContent, readToolCalls, findUsage } from './chunks.js';
import { assertResponseStream, readOutputText } from './response-rules.js';
import { assertValidResponse, type WireResponse } from './response-schemas.js';
import { readFrames } from './sse-frames.js';
import { assertValidCompletion, assertValidError, type ErrorEnvelope } from './wire-schema.js';
import { stripFrames } from './background-client.js';

type App = { readonly baseUrl: string };
type Headers = Readonly<Record<string, string>>;

/** A call with which a run asks for an answer. */
export interface AskedCall {
  readonly id: string;
  readonly name: string;
  readonly shown: unknown;
}

/** The output that a client sends for a call: JSON, unless it is a text. */
interface GivenOutput {
  readonly id: string;
  readonly value: unknown;
}

/** The content of one segment of a run in one protocol. */
export interface WaitingSegment {
  readonly id: string;
  readonly text: string;
  readonly calls: readonly AskedCall[];
  /** Undefined if no usage was reported. */
  readonly tokens: number | undefined;
  readonly headers: HttpResponse['headers'];
  /** The text that {@link WaitingDoor.retrieve} must return for it. */
  readonly kept: string;
  /** The items that the client sends back with its next request. */
  readonly history: unknown;
}

/** A protocol, from the view of a client whose workflow waits. */
export interface WaitingDoor {
  readonly name: string;
  /** The parameter for outputs. */
  readonly param: 'messages' | 'input';
  /** The body of a request that begins or continues a conversation with a text. */
  say(text: string, before?: WaitingSegment): object;
  /** The body of a request with outputs of calls. */
  give(before: WaitingSegment, outputs: readonly GivenOutput[]): object;
  /** Sends a request, and returns any response. */
  post(app: App, body: object, headers?: Headers): Promise<HttpResponse>;
  /** Reads a segment, and checks it by every rule. */
  read(response: HttpResponse, sent: object): WaitingSegment;
  /** Gets a segment again: its chunks if it was streamed, otherwise the whole object. */
  retrieve(app: App, id: string, headers?: Headers): Promise<string>;
}

const write = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

class Chat implements WaitingDoor {
  readonly param = 'messages';
  readonly name: string;

  constructor(private readonly streams: boolean) {
    this.name = `chat completions, ${streams ? 'streamed' : 'whole'}`;
  }

  say(text: string, before?: WaitingSegment): object {
    return this.#ask([...((before?.history ?? []) as object[]), { role: 'user', content: text }]);
  }

  give({ history }: WaitingSegment, outputs: readonly GivenOutput[]): object {
    const messages = outputs.map(({ id, value }) => ({ role: 'tool', tool_call_id: id, content: write(value) }));
    return this.#ask([...(history as object[]), ...messages]);
  }

  post(app: App, body: object, headers: Headers = {}): Promise<HttpResponse> {
    return postJson(`${app.baseUrl}/chat/completions`, body, headers);
  }

  read(response: HttpResponse, sent: object): WaitingSegment {
    assertOk(response);
    const { messages, stream_options: options } = sent as { messages: object[]; stream_options?: unknown };
    const includeUsage = typeof options === 'object' && options !== null;
    const told = this.streams ? this.#readStream(response.text, includeUsage) : this.#readWhole(response.json);
    const { text, calls } = told;
    const tool_calls = calls.map(({ id, name, shown }) => ({
      id,
      type: 'function',
      function: { name, arguments: JSON.stringify(shown) },
    }));
    const said = { role: 'assistant', content: text === '' ? null : text, ...(calls.length > 0 && { tool_calls }) };
    const { headers } = response;
    return { ...told, headers, kept: stripFrames(response.text), history: [...messages, said] };
  }

  async retrieve(app: App, id: string, headers: Headers = {}): Promise<string> {
    const url = `${app.baseUrl}/chat/completions/${id}${this.streams ? '?stream=true' : ''}`;
    return stripFrames((await getJson(url, headers)).text);
  }

  #ask(messages: readonly object[]): object {
    const stream = this.streams && { stream: true, stream_options: { include_usage: true } };
    return { messages, ...stream };
  }

  #readStream(text: string, includeUsage: boolean): Pick<WaitingSegment, 'id' | 'text' | 'calls' | 'tokens'> {
    const items = readFrames(text);
    const calls = readToolCalls(items).map(({ id, name, arguments: shown }) => ({ id, name, shown: parse(shown) }));
    const finish = calls.length > 0 ? 'tool_calls' : 'stop';
    const [first] = assertCompletion(items, { includeUsage, finish });
    return { id: String(first?.id), text: readContent(items), calls, tokens: findUsage(items)?.total_tokens };
  }

  #readWhole(json: unknown): Pick<WaitingSegment, 'id' | 'text' | 'calls' | 'tokens'> {
    assertValidCompletion(json);
    const [choice] = json.choices;
    const calls = (choice?.message.tool_calls ?? []).flatMap((call) =>
      call.type === 'function'
        ? [{ id: call.id, name: call.function.name, shown: parse(call.function.arguments) }]
        : [],
    );
    const { id, usage } = json;
    if (choice?.finish_reason !== (calls.length > 0 ? 'tool_calls' : 'stop')) throw new Error(choice?.finish_reason);
    return { id, text: choice.message.content ?? '', calls, tokens: usage?.total_tokens };
  }
}

class Responses implements WaitingDoor {
  readonly param = 'input';
  readonly name: string;

  constructor(private readonly streams: boolean) {
    this.name = `responses, ${streams ? 'streamed' : 'whole'}`;
  }

  say(text: string, before?: WaitingSegment): object {
    return { input: text, stream: this.streams, ...(before && { previous_response_id: before.id }) };
  }

  give(before: WaitingSegment, outputs: readonly GivenOutput[]): object {
    const input = outputs.map(({ id, value }) => ({ type: 'function_call_output', call_id: id, output: write(value) }));
    return { input, stream: this.streams, previous_response_id: before.id };
  }

  post(app: App, body: object, headers: Headers = {}): Promise<HttpResponse> {
    return postJson(`${app.baseUrl}/responses`, body, headers);
  }

  read(received: HttpResponse): WaitingSegment {
    assertOk(received);
    const response = this.streams ? readResponseStream(received.text) : readResponseBody(received.json);
    const calls = response.output.flatMap((item) =>
      item.type === 'function_call' ? [{ id: item.call_id, name: item.name, shown: parse(item.arguments) }] : [],
    );
    const { id, usage } = response;
    const tokens = usage?.total_tokens === 0 ? undefined : usage?.total_tokens;
    const { headers } = received;
    const kept = JSON.stringify(response);
    return { id, text: readOutputText(response), calls, tokens, headers, kept, history: response.output };
  }

  async retrieve(app: App, id: string, headers: Headers = {}): Promise<string> {
    return (await getJson(`${app.baseUrl}/responses/${id}`, headers)).text;
  }
}

function readResponseStream(text: string): WireResponse {
  const data = readFrames(text).flatMap((item) => (item.kind === 'data' ? [item] : []));
  return assertResponseStream(data.slice(0, -1).map(({ json }) => json)).response;
}

function readResponseBody(json: unknown): WireResponse {
  assertValidResponse(json);
  return json;
}

function assertOk({ status, text }: HttpResponse): void {
  if (status !== 200) throw new Error(`${status}: ${text}`);
}

function parse(json: string): unknown {
  return JSON.parse(json);
}

/** The doors whose protocols have function calls. */
export const WAITING_DOORS: readonly WaitingDoor[] = [
  new Chat(true),
  new Chat(false),
  new Responses(true),
  new Responses(false),
];

/** Reads the error of a response, which must be one. */
export function readError({ status, json }: HttpResponse): ErrorEnvelope['error'] & { readonly status: number } {
  assertValidError(json);
  return { status, ...json.error };
}
