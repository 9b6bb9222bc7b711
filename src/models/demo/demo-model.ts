import { UpstreamError } from '../../errors/index.js';
import { abortable, type AbortNotice, type Clock } from '../../kernel/index.js';
import type { Delta } from '../../streaming/index.js';
import type { CallScope, ChatModel, ModelCall, ModelParameters, ModelResult } from '../chat-model.js';
import { planAnswer, type Step } from './answer-plan.js';
import { FullPace, SteadyPace, type Pace } from './pace.js';
import { countPromptTokens } from './prompt-tokens.js';
import { Tokenizer } from './tokenizer.js';

/** What the demo calls itself, as `model` and as `system_fingerprint` of every answer. */
export const DEMO_MODEL_NAME = 'millrace-demo';

/** How the demo answers. */
export interface DemoOptions {
  /** Speed of its answers. 0: as fast as possible. */
  readonly tokensPerSecond: number;
}

/** What a demo answers with. */
interface DemoParts {
  readonly tokenizer: Tokenizer;
  readonly composeAnswer: typeof import('./answer.js').composeAnswer;
}

/**
 * Answers when no API key is configured, so that everything around a model can be tried without one: offline, without a
 * key, at no cost.
 *
 * What it is: a small rule-based conversationalist whose reply follows from the newest message, the history and the
 * instructions, and from nothing else: no network, no clock, no chance. The same request is answered with the same words.
 * It keeps to the wire like a model: one delta for each token of OpenAI's `o200k_base` at a human pace, true token counts,
 * `max_completion_tokens`, `stop`, `response_format` with a valid instance of the schema, `tools` with valid arguments,
 * and abort at any moment.
 *
 * What it is not: a language model. It knows nothing of the world, and says so in its words, as its model name and in the
 * system fingerprint.
 */
export class DemoModel implements ChatModel {
  #parts: Promise<DemoParts> | undefined;

  constructor(
    private readonly options: DemoOptions,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws UpstreamError (400) if no instance of the JSON schema in `response_format` or of a tool can be made, or the answer
   *   is to be more than text
   */
  async *stream(call: ModelCall, scope: CallScope): AsyncGenerator<readonly Delta[], ModelResult, void> {
    const { messages, parameters } = call;
    const { signal } = scope;
    signal.throwIfAborted();
    assertTextWanted(parameters);
    const { tokenizer, composeAnswer } = await abortable(this.#load(), signal);
    const promptTokens = await countPromptTokens(messages, parameters.tools, tokenizer, signal);
    const answer = await abortable(composeAnswer(messages, parameters), signal);
    const plan = planAnswer(answer, parameters, tokenizer);
    scope.identity({ model: DEMO_MODEL_NAME, systemFingerprint: DEMO_MODEL_NAME });
    let completionTokens = 0;
    try {
      for await (const batch of paced(plan.steps, this.#pace(), signal)) {
        completionTokens += sumOf(batch);
        yield batch.map(({ delta }) => delta);
      }
      completionTokens = plan.completionTokens;
      return { finishReason: plan.finishReason };
    } finally {
      scope.usage({
        prompt_tokens: promptTokens,
        completion_tokens: completionTokens,
        total_tokens: promptTokens + completionTokens,
      });
    }
  }

  /** The rules and the tokenizer are loaded once, when they are first needed: most servers have a real model. */
  #load(): Promise<DemoParts> {
    this.#parts ??= loadParts().catch((error: unknown) => {
      this.#parts = undefined;
      throw error;
    });
    return this.#parts;
  }

  #pace(): Pace {
    const { tokensPerSecond } = this.options;
    return tokensPerSecond > 0 ? new SteadyPace(this.clock, tokensPerSecond) : new FullPace();
  }
}

async function* paced(
  steps: readonly Step[],
  pace: Pace,
  signal: AbortNotice,
): AsyncGenerator<readonly Step[], void, void> {
  for (let next = 0; next < steps.length; next += pace.batchSize) {
    const batch = steps.slice(next, next + pace.batchSize);
    await pace.wait(sumOf(batch), signal);
    yield batch;
  }
}

function sumOf(steps: readonly Step[]): number {
  return steps.reduce((sum, { tokens }) => sum + tokens, 0);
}

async function loadParts(): Promise<DemoParts> {
  const tokenizer = await Tokenizer.load();
  const { composeAnswer } = await import('./answer.js');
  return { tokenizer, composeAnswer };
}

function assertTextWanted({ modalities, audio }: ModelParameters): void {
  const param = Array.isArray(modalities) && modalities.some((kind) => kind !== 'text') ? 'modalities' : 'audio';
  if (param === 'audio' && (audio === undefined || audio === null)) return;
  throw new UpstreamError(
    `The demo answers with text only. Leave \`${param}\` out, or set OPENAI_API_KEY to have a real model answer.`,
    { status: 400, type: 'invalid_request_error', code: 'unsupported_value', param, retryable: false },
  );
}
