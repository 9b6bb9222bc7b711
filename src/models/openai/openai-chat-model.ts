import type OpenAI from 'openai';
import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions';
import { type Clock, sleep } from '../../kernel/index.js';
import { SseParser, SseTooLongError } from '../../protocol/index.js';
import type { Delta } from '../../streaming/index.js';
import type { CallScope, ChatModel, ModelCall, ModelResult } from '../chat-model.js';
import { AnswerReader } from './answer-reader.js';
import { type Capabilities, OPENAI_CAPABILITIES } from './capabilities.js';
import { arrangeOutput, filtered, ReasoningTag } from './output/index.js';
import { retryDelay } from './retry-delay.js';
import { SilenceWatch } from './silence-watch.js';
import { UpstreamTransport } from './transport/index.js';
import { UpstreamBody } from './upstream-body.js';
import { type Endpoint, upstreamClient } from './upstream-client.js';
import { badAnswer, upstreamErrorFrom, upstreamErrorInAnswer } from './upstream-errors.js';

/** Where and how to reach an OpenAI-compatible server. Times are in milliseconds. */
export interface OpenAIChatModelOptions extends Endpoint {
  /** In what the server differs from OpenAI; absent: in nothing. */
  readonly capabilities?: Capabilities;
  /** Longest wait for the first delta, from the request on. */
  readonly firstTokenTimeoutMs: number;
  /** Longest silence after it. */
  readonly idleTimeoutMs: number;
  /** How often a request that failed without an answer is sent again. */
  readonly maxRetries: number;
}

/** Longest answer of a server that does not stream, in bytes. */
const WHOLE_ANSWER_LIMIT = 16 * 1024 * 1024;

/**
 * Calls a model through the `openai` SDK, which does the request, its authentication and its error answers. The body of
 * the answer is read by our own parser: iterating the SDK's stream costs several times as much per token.
 */
export class OpenAIChatModel implements ChatModel {
  readonly #transport = new UpstreamTransport();
  readonly #client: OpenAI;
  readonly #capabilities: Capabilities;

  constructor(
    private readonly options: OpenAIChatModelOptions,
    private readonly clock: Clock,
  ) {
    this.#client = upstreamClient(options, this.#transport.fetch);
    this.#capabilities = options.capabilities ?? OPENAI_CAPABILITIES;
  }

  stream(call: ModelCall, scope: CallScope): AsyncGenerator<readonly Delta[], ModelResult, void> {
    const { reasoningTag, rules } = this.#capabilities;
    const arranged = arrangeOutput(call, this.#capabilities);
    const request = rules.reduce((written, rule) => rule(written), arranged.call);
    const filters = [
      ...(reasoningTag === undefined ? [] : [new ReasoningTag(reasoningTag)]),
      ...(arranged.filter === undefined ? [] : [arranged.filter]),
    ];
    const answer = this.#answer(request, scope);
    return filters.length === 0 ? answer : filtered(answer, filters);
  }

  async *#answer(call: ModelCall, scope: CallScope): AsyncGenerator<readonly Delta[], ModelResult, void> {
    const { signal } = scope;
    const watch = new SilenceWatch(this.clock, this.options.firstTokenTimeoutMs);
    const onAbort = (): void => watch.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const reader = new AnswerReader(scope);
    let complete: UpstreamBody | undefined;
    try {
      const response = await this.#answerTo(call, scope, watch.signal);
      const bytes = this.#transport.bodyOf(response);
      if (bytes === undefined) throw badAnswer('it has no body');
      const body = new UpstreamBody(bytes, watch);
      yield* isJson(response) ? readWhole(body, reader) : this.#readEvents(response, body, reader);
      if (reader.finishReason === undefined) throw badAnswer('it ended without a finish_reason');
      complete = body;
      return { finishReason: reader.finishReason };
    } catch (error) {
      // An abort surfaces from fetch as some error or other; its reason is what happened.
      throw watch.signal.aborted ? watch.signal.reason : error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      if (complete === undefined) watch.end();
      else void complete.finish();
    }
  }

  /** The answer's head, after as few retries as the options allow. Nothing has reached the client before it. */
  async #answerTo(call: ModelCall, scope: CallScope, signal: AbortSignal): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#request(call, signal);
      } catch (thrown) {
        const error = upstreamErrorFrom(thrown);
        const delayMs = retryDelay(thrown, attempt);
        if (signal.aborted || attempt > this.options.maxRetries || delayMs === undefined) throw error;
        scope.retrying({ attempt, delayMs, reason: error.diagnostic ?? error.code ?? error.name });
        await sleep(delayMs, this.clock, signal);
      }
    }
  }

  #request({ model, messages, parameters }: ModelCall, signal: AbortSignal): Promise<Response> {
    const body = {
      ...parameters,
      model,
      messages: messages as ChatCompletionCreateParamsStreaming['messages'],
      stream: true,
      ...(this.#capabilities.streamOptions && { stream_options: { include_usage: true } }),
    } satisfies ChatCompletionCreateParamsStreaming;
    return this.#client.chat.completions.create(body, { signal }).asResponse();
  }

  async *#readEvents(
    response: Response,
    body: UpstreamBody,
    reader: AnswerReader,
  ): AsyncGenerator<readonly Delta[], void, void> {
    assertEventStream(response);
    let batch: Delta[] = [];
    let fault: unknown;
    let done = false;
    const parser = new SseParser((data, event) => {
      if (done || data === '') return;
      if (data === '[DONE]') done = true;
      else if (event === 'error') throw upstreamErrorInAnswer(errorOf(data));
      else reader.read(data, batch);
    });
    for (;;) {
      const bytes = await this.#nextBytes(body, reader);
      try {
        if (bytes === undefined) parser.end();
        else parser.push(bytes);
      } catch (error) {
        fault = error instanceof SseTooLongError ? badAnswer('an event of it is too long', error) : error;
      }
      // Also before a fault: what came ahead of it was generated, and belongs to the client.
      if (batch.length > 0) {
        yield batch;
        batch = [];
      }
      if (fault !== undefined) throw fault;
      if (done || bytes === undefined) return;
    }
  }

  #nextBytes(body: UpstreamBody, reader: AnswerReader): Promise<Uint8Array | undefined> {
    // After the finish reason only usage and the end are to come, and some servers send neither.
    if (reader.finishReason !== undefined) return body.readRest();
    return body.read(reader.hasSpoken ? this.options.idleTimeoutMs : undefined);
  }
}

/** A server that answers a streaming request with one JSON object: it is given to the client all the same. */
async function* readWhole(body: UpstreamBody, reader: AnswerReader): AsyncGenerator<readonly Delta[], void, void> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let bytes = await body.read(); bytes !== undefined; bytes = await body.read()) {
    length += bytes.byteLength;
    if (length > WHOLE_ANSWER_LIMIT) throw badAnswer('it is too long');
    chunks.push(bytes);
  }
  const batch: Delta[] = [];
  reader.read(Buffer.concat(chunks).toString('utf8'), batch);
  if (batch.length > 0) yield batch;
}

function contentTypeOf(response: Response): string {
  return (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function isJson(response: Response): boolean {
  return contentTypeOf(response) === 'application/json';
}

/** Some servers name no type, or plain text. A page for people is never a model's answer. */
function assertEventStream(response: Response): void {
  const type = contentTypeOf(response);
  if (!['text/event-stream', 'text/plain', ''].includes(type)) {
    throw badAnswer(`its content type is ${/^[\w.+/-]{1,64}$/.test(type) ? type : 'unknown'}, not text/event-stream`);
  }
}

/** The error in an event named `error`: some servers wrap it in `{error}`, some do not, and some write no JSON. */
function errorOf(data: string): unknown {
  try {
    const parsed: unknown = JSON.parse(data);
    return typeof parsed === 'object' && parsed !== null && 'error' in parsed ? parsed.error : parsed;
  } catch {
    return undefined;
  }
}
