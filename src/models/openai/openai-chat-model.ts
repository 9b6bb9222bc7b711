import { Logger } from '@nestjs/common';
import { APIError } from 'openai/core/error';
import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions';
import { type AbortNotice, type Clock, sleep } from '../../kernel/index.js';
import type { Delta } from '../../streaming/index.js';
import type { CallControls, ChatModel, ModelCall, ModelParameters, ModelResult } from '../chat-model.js';
import type { CompletionLimits } from './completion-bounds.js';
import type { EndingHabit } from './completion-events.js';
import { CompletionStream } from './completion-stream.js';
import { type Capabilities, OPENAI_CAPABILITIES } from './capabilities.js';
import { arrangeOutput, ReasoningTagFilter } from './output/index.js';
import { writeMessages } from './request/index.js';
import { chooseRetryDelay } from './retry-delay.js';
import type { UpstreamResponse } from './transport/index.js';
import { UnknownWords } from './unknown-words.js';
import type { Endpoint } from './endpoint.js';
import { UpstreamClient } from './upstream-client.js';
import { makeUpstreamError } from './upstream-errors.js';
import { readUpstreamRequestId } from './upstream-request-id.js';

const logger = new Logger('Upstream');

/** Where and how to reach an OpenAI-compatible server. Times are in milliseconds. */
export interface OpenAIChatModelOptions extends Endpoint, CompletionLimits {
  /** In what the server differs from OpenAI; absent: in nothing. */
  readonly capabilities?: Capabilities;
  /** How often a request that failed before its completion began is sent again. */
  readonly maxRetries: number;
  /** The setting that turns streaming off, which an operator is told of where an upstream refuses it. */
  readonly streamSetting?: string;
}

/**
 * Calls a model as the `openai` SDK does: address, headers, credentials and errors are the SDK's. The body of the response
 * is read by our own parser: iterating the SDK's stream costs several times as much per token.
 */
export class OpenAIChatModel implements ChatModel {
  readonly #client: UpstreamClient;
  readonly #capabilities: Capabilities;
  /** By model, of which there are as many as agents name. */
  readonly #habits = new Map<string, EndingHabit>();
  readonly #unknown = new UnknownWords((word) =>
    logger.warn(`${this.#host} ends answers with the finish_reason "${word}", which is not known: it counts as "stop"`),
  );
  /** Whose reasoning came as `reasoning_content`: these want it back. By model, of which there are as many as agents name. */
  readonly #reasoners = new Set<string>();

  constructor(
    private readonly options: OpenAIChatModelOptions,
    private readonly clock: Clock,
  ) {
    this.#client = new UpstreamClient(options);
    this.#capabilities = options.capabilities ?? OPENAI_CAPABILITIES;
  }

  stream(call: ModelCall, controls: CallControls): AsyncGenerator<readonly Delta[], ModelResult, void> {
    const { reasoningTags, rules, returnsReasoning } = this.#capabilities;
    const { model } = call;
    const arranged = arrangeOutput(call, this.#capabilities);
    const messages = writeMessages(
      arranged.call.messages,
      this.#capabilities.messages,
      returnsReasoning || this.#reasoners.has(model),
    );
    const request = rules.reduce((written, rule) => rule(written), { ...arranged.call, messages });
    return new CompletionStream({
      request: (signal) => this.#requestInTries(request, controls, signal),
      controls,
      limits: this.options,
      habit: this.#findHabit(model),
      unknown: this.#unknown,
      onReasoningContent: () => this.#reasoners.add(model),
      filters: [
        ...(reasoningTags.length === 0 ? [] : [new ReasoningTagFilter(reasoningTags)]),
        ...(arranged.filter === undefined ? [] : [arranged.filter]),
      ],
      clock: this.clock,
    }).read();
  }

  async load(): Promise<void> {
    await this.#client.load();
  }

  get #host(): string {
    return URL.parse(this.options.baseUrl ?? '')?.host ?? 'The model provider';
  }

  #findHabit(model: string): EndingHabit {
    const known = this.#habits.get(model);
    if (known !== undefined) return known;
    const habit: EndingHabit = { endsInSilence: false };
    this.#habits.set(model, habit);
    return habit;
  }

  /** Resolves with the head of a good response, after as few retries as the options allow. Nothing has reached the client yet. */
  async #requestInTries(call: ModelCall, controls: CallControls, signal: AbortNotice): Promise<UpstreamResponse> {
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await this.#request(call, signal);
        tellRequestId(controls, (name) => response.headers[name]);
        return response;
      } catch (thrown) {
        if (thrown instanceof APIError) {
          const { headers } = thrown as { readonly headers: Headers | undefined };
          tellRequestId(controls, (name) => headers?.get(name) ?? undefined);
        }
        const error = makeUpstreamError(thrown, this.options.streamSetting);
        const delayMs = attempt > this.options.maxRetries ? undefined : chooseRetryDelay(error, attempt);
        if (signal.aborted || delayMs === undefined || !controls.canWait(delayMs)) throw error;
        controls.retrying({ attempt, delayMs, reason: error.diagnostic ?? error.code ?? error.name });
        await sleep(delayMs, this.clock, signal);
      }
    }
  }

  #request({ model, messages, parameters }: ModelCall, signal: AbortNotice): Promise<UpstreamResponse> {
    const { streamOptions } = this.#capabilities;
    const streaming = isStreamed(parameters, this.#capabilities);
    const body = {
      ...parameters,
      model,
      messages: messages as ChatCompletionCreateParams['messages'],
      stream: streaming,
      ...(streaming && streamOptions && { stream_options: { include_usage: true } }),
    } satisfies ChatCompletionCreateParams;
    return this.#client.createCompletion(body, signal);
  }
}

function tellRequestId(controls: CallControls, header: (name: string) => unknown): void {
  const id = readUpstreamRequestId(header);
  if (id !== undefined) controls.upstreamRequestId(id);
}

/** OpenAI refuses to stream sound that is not plain samples. */
function isStreamed({ audio }: ModelParameters, { streaming, streamedAudio }: Capabilities): boolean {
  if (!streaming || streamedAudio === 'any' || typeof audio !== 'object' || audio === null) return streaming;
  return (audio as { readonly format?: unknown }).format === streamedAudio;
}
