import type { ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions';
import { type AbortNotice, type Clock, sleep } from '../../kernel/index.js';
import type { Delta } from '../../streaming/index.js';
import type { CallScope, ChatModel, ModelCall, ModelResult } from '../chat-model.js';
import { AnswerReader } from './answer-reader.js';
import { type Capabilities, OPENAI_CAPABILITIES } from './capabilities.js';
import { arrangeOutput, filtered, ReasoningTag } from './output/index.js';
import { EventBatches } from './event-batches.js';
import { retryDelay } from './retry-delay.js';
import { SilenceWatch } from './silence-watch.js';
import type { Answer } from './transport/index.js';
import { UpstreamBody } from './upstream-body.js';
import { type Endpoint, UpstreamClient } from './upstream-client.js';
import { badAnswer, upstreamErrorFrom } from './upstream-errors.js';

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
 * Calls a model as the `openai` SDK does: address, headers, credentials and errors are the SDK's. The body of the answer is
 * read by our own parser: iterating the SDK's stream costs several times as much per token.
 */
export class OpenAIChatModel implements ChatModel {
  readonly #client: UpstreamClient;
  readonly #capabilities: Capabilities;

  constructor(
    private readonly options: OpenAIChatModelOptions,
    private readonly clock: Clock,
  ) {
    this.#client = new UpstreamClient(options);
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
      const head = await this.#answerTo(call, scope, watch.signal);
      if (head.body === undefined) throw badAnswer('it has no body');
      const body = new UpstreamBody(head.body, watch);
      const contentType = contentTypeOf(head);
      if (contentType === 'application/json') yield* readWhole(body, reader);
      else {
        assertEventStream(contentType);
        const events = new EventBatches(body, reader, this.options.idleTimeoutMs);
        for (let batch = await events.next(); batch !== undefined; batch = await events.next()) yield batch;
      }
      if (reader.finishReason === undefined) throw badAnswer('it ended without a finish_reason');
      complete = body;
      return { finishReason: reader.finishReason };
    } catch (error) {
      // An abort surfaces from fetch as some error or other; its reason is what happened.
      throw watch.signal.aborted ? watch.signal.reason : error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      if (complete === undefined) watch.giveUp();
      else void complete.finish();
    }
  }

  /** The answer's head, after as few retries as the options allow. Nothing has reached the client before it. */
  async #answerTo(call: ModelCall, scope: CallScope, signal: AbortNotice): Promise<Answer> {
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

  #request({ model, messages, parameters }: ModelCall, signal: AbortNotice): Promise<Answer> {
    const body = {
      ...parameters,
      model,
      messages: messages as ChatCompletionCreateParamsStreaming['messages'],
      stream: true,
      ...(this.#capabilities.streamOptions && { stream_options: { include_usage: true } }),
    } satisfies ChatCompletionCreateParamsStreaming;
    return this.#client.createCompletion(body, signal);
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

function contentTypeOf({ headers }: Answer): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** Some servers name no type, or plain text. A page for people is never a model's answer. */
function assertEventStream(type: string): void {
  if (!['text/event-stream', 'text/plain', ''].includes(type)) {
    throw badAnswer(`its content type is ${/^[\w.+/-]{1,64}$/.test(type) ? type : 'unknown'}, not text/event-stream`);
  }
}
