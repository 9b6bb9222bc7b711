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

/** How to reach and ask an OpenAI-compatible server. Times are in milliseconds. */
export interface OpenAIChatModelOptions extends Endpoint, CompletionLimits {
  /** The differences of the server from OpenAI; absent: none. */
  readonly capabilities?: Capabilities;
  /** How often a request that failed before any output is sent again. */
  readonly maxRetries: number;
  /** Name of the setting that turns streaming off, for the log if an upstream refuses to stream. */
  readonly streamSetting?: string;
}

/**
 * Calls a model through the `openai` SDK, which makes address, headers, credentials and errors. The body of the response is
 * parsed here, because iterating the SDK's stream costs several times as much per token.
 */
export class OpenAIChatModel implements ChatModel {
  readonly #client: UpstreamClient;
  readonly #capabilities: Capabilities;
  /** By model. The number of models is bounded by the agents. */
  readonly #habits = new Map<string, EndingHabit>();
  readonly #unknown = new UnknownWords((word) =>
    logger.warn(`${this.#host} ends completions with the unknown finish_reason "${word}", which counts as "stop"`),
  );
  /** Models whose reasoning came as `reasoning_content` and must be sent back. Their number is bounded by the agents. */
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
    const options = {
      request: (signal: AbortNotice) => this.#requestInTries(request, controls, signal),
      controls,
      limits: this.options,
      habit: this.#findHabit(model),
      unknown: this.#unknown,
      onReasoningContent: () => this.#reasoners.add(model),
      clock: this.clock,
    };
    return new CompletionStream(options, [
      ...(reasoningTags.length === 0 ? [] : [new ReasoningTagFilter(reasoningTags)]),
      ...(arranged.filter === undefined ? [] : [arranged.filter]),
    ]).read();
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

  /** Sends the request, with the retries that the options allow, and resolves with the head of a good response. */
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
        controls.noteRetry({ attempt, delayMs, reason: error.diagnostic ?? error.code ?? error.name });
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
  if (id !== undefined) controls.noteRequestId(id);
}

/** Whether to stream: OpenAI refuses to stream audio in formats other than plain samples. */
function isStreamed({ audio }: ModelParameters, { streaming, streamedAudio }: Capabilities): boolean {
  if (!streaming || streamedAudio === 'any' || typeof audio !== 'object' || audio === null) return streaming;
  return (audio as { readonly format?: unknown }).format === streamedAudio;
}
