import { toMillraceError } from '../errors/index.js';
import type { CallScope, ConfiguredProvider, ModelCall, ModelProviders, ModelResult } from '../models/index.js';
import { isStructured, type OutputSchema, outputSchemaOf } from '../models/schema/index.js';
import type { Message } from '../protocol/index.js';
import type { Delta } from '../streaming/index.js';
import type { GenerationEnding } from '../tracing/index.js';
import { IncompleteAnswerError, type ParameterGroup, type TaskContext } from '../workflow/index.js';
import type { AgentConfig } from './agent-config.js';
import { AgentStream } from './agent-stream.js';
import type { AnswerText } from './answer-text.js';
import { CallLimit } from './call-limit.js';
import { forwardedParameters } from './forwarded-parameters.js';

/** What an agent is asked. */
export interface AgentInput {
  /** The conversation, whole and in order; the agent's instructions are put before it. */
  readonly messages: readonly Message[];
}

const DEFAULT_GROUPS: readonly ParameterGroup[] = ['sampling'];

/** Calls the language model of one node: what is said to it, with which parameters, for how long, and on whose account. */
export class Agent<Output> {
  readonly #config: AgentConfig<Output>;
  readonly #provider: ConfiguredProvider;
  readonly #schema: OutputSchema<Output> | undefined;

  /** @throws Error if the provider is not configured, or the output class cannot be written as a JSON schema */
  constructor(config: AgentConfig<Output>, providers: ModelProviders) {
    this.#config = config;
    this.#provider = providers.get(config.modelProvider);
    this.#schema = isStructured(config.outputType) ? outputSchemaOf(config.outputType) : undefined;
  }

  /** Which groups of the client's parameters reach the model. A structured agent's response format is its own. */
  get forwards(): readonly ParameterGroup[] {
    const { forward = DEFAULT_GROUPS } = this.#config;
    return this.#schema === undefined ? forward : forward.filter((group) => group !== 'response_format');
  }

  /**
   * One whole answer: the text, or the validated object.
   * @throws UpstreamError if the model fails, IncompleteAnswerError if it stops before a structured answer is whole,
   *   StructuredOutputError if that does not fit its class
   */
  async run(input: AgentInput, context: TaskContext): Promise<Output> {
    const stream = this.runStream(input, context);
    const batches = stream[Symbol.asyncIterator]();
    while ((await batches.next()).done !== true);
    return stream.output();
  }

  /** The answer as it arrives. */
  runStream(input: AgentInput, context: TaskContext): AgentStream<Output> {
    return new AgentStream(
      (answer) => this.#call(input, context, answer),
      (answer, result) => this.#finish(answer, result),
    );
  }

  async *#call(
    input: AgentInput,
    context: TaskContext,
    answer: AnswerText,
  ): AsyncGenerator<readonly Delta[], ModelResult, void> {
    const call = this.#callFor(input, context);
    const generation = context.trace.generation(call.model, {
      model: call.model,
      provider: this.#config.modelProvider,
      parameters: call.parameters,
      input: call.messages,
    });
    const account = context.ledger.openCall();
    let ending: GenerationEnding = { level: 'WARNING', statusMessage: 'aborted' };
    let facts: Pick<GenerationEnding, 'usage' | 'model'> = {};
    let hasSpoken = false;
    const limit = new CallLimit(context, this.#config.timeout);
    const scope: CallScope = {
      signal: limit.signal,
      retrying: (retry) => generation.event('retry', { ...retry }, 'WARNING'),
      usage: (usage) => {
        account(usage);
        facts = { ...facts, usage };
      },
      identity: (identity) => {
        context.ledger.identity(identity);
        if (identity.model !== undefined) facts = { ...facts, model: identity.model };
      },
    };
    try {
      const result = yield* watched(this.#provider.chat.stream(call, scope), (batch) => {
        if (!hasSpoken) generation.firstToken();
        hasSpoken = true;
        answer.add(batch);
      });
      context.ledger.finished(result.finishReason);
      ending = { metadata: { finish_reason: result.finishReason } };
      return result;
    } catch (thrown) {
      if (!context.signal.aborted) {
        const { code, name, diagnostic } = toMillraceError(thrown);
        ending = { level: 'ERROR', statusMessage: `${code ?? name}: ${diagnostic ?? '-'}` };
      }
      throw thrown;
    } finally {
      limit.end();
      generation.end({ ...ending, ...facts, output: answer.output() });
    }
  }

  #finish(answer: AnswerText, { finishReason }: ModelResult): Output {
    if (this.#schema === undefined) return answer.content as Output;
    const refused = answer.refusal !== '';
    if (refused || finishReason === 'length' || finishReason === 'content_filter') {
      throw new IncompleteAnswerError(finishReason, refused);
    }
    return this.#schema.parse(answer.content);
  }

  #callFor({ messages }: AgentInput, context: TaskContext): ModelCall {
    const { instructions, modelName, settings } = this.#config;
    return {
      model: modelName ?? this.#provider.defaultModel,
      messages: instructions === undefined ? messages : [{ role: 'system', content: instructions }, ...messages],
      parameters: {
        ...forwardedParameters(context.event.parameters, this.forwards),
        ...settings,
        ...(this.#schema && {
          response_format: {
            type: 'json_schema',
            json_schema: { name: this.#schema.name, schema: this.#schema.schema, strict: true },
          },
        }),
      },
    };
  }
}

/** The same stream, with a look at each batch before it is passed on. */
async function* watched(
  stream: AsyncGenerator<readonly Delta[], ModelResult, void>,
  look: (batch: readonly Delta[]) => void,
): AsyncGenerator<readonly Delta[], ModelResult, void> {
  let done = false;
  try {
    for (;;) {
      const next = await stream.next();
      if (next.done === true) {
        done = true;
        return next.value;
      }
      look(next.value);
      yield next.value;
    }
  } finally {
    if (!done) await stream.return({ finishReason: 'stop' });
  }
}
