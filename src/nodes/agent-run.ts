import { rejectOnAbort } from '../kernel/index.js';
import type { FinishReason, Message, ModelParameters } from '../models/index.js';
import { StructuredOutputError } from '../schema/index.js';
import type { DeltaCollector, Delta } from '../streaming/index.js';
import { type AgentInput, IncompleteOutputError, readConversation, TaskContext } from '../workflow/index.js';
import type { AgentPlan } from './agent-plan.js';
import { Attempts } from './attempts.js';
import { pickForwardedParameters } from './pick-forwarded-parameters.js';
import { renderInstructions } from './render-instructions.js';
import { writeModelCall } from './model-call.js';
import { OpenCall } from './open-call.js';
import { RefusedRequestError, type WrittenRequest } from './refused-request.js';
import { ShownOutput } from './shown-output.js';
import { ToolRounds } from './tools/index.js';

/** Sets the text before a tool's call off from the text after it. */
const BLANK_LINE = '\n\n';

const NOTHING: readonly Delta[] = [];

/** What an agent's model has answered in the end. */
export interface ModelOutput {
  readonly content: string;
  /** Empty unless the model refused. */
  readonly refusal: string;
  readonly finishReason: FinishReason;
}

/** One run of one agent: what it and its model say to one another until there is an output. */
export class AgentRun<Output> {
  readonly #plan: AgentPlan<Output>;
  readonly #input: AgentInput;
  readonly #context: TaskContext;
  readonly #forwarded: ModelParameters;
  readonly #attempts: Attempts;
  readonly #tools: ToolRounds;
  #messages: readonly Message[] = [];
  #hasBegun = false;
  /** True once the messages hold what the model has answered. */
  #isContinued = false;

  /** @throws InvalidRequestError if a tool of the client has the name of one of the server's */
  constructor(plan: AgentPlan<Output>, input: AgentInput, context: TaskContext) {
    this.#plan = plan;
    this.#input = input;
    this.#context = context;
    this.#forwarded = pickForwardedParameters(context.request.parameters, plan.forwards);
    this.#attempts = new Attempts(plan.targets, plan.config.retries ?? 0, context);
    this.#tools = new ToolRounds(plan.toolbox, this.#forwarded, plan.config, context);
  }

  /**
   * The answer as it arrives, with the text of all rounds. It is not repaired: a part of it has been passed on by the time
   * that it can be checked.
   * @param finish makes the result of the whole reply
   */
  stream<R>(finish: (reply: ModelOutput) => R | Promise<R>): AsyncGenerator<readonly Delta[], R, void> {
    return this.#answer(true, finish);
  }

  /** The output, once the answer is whole and, if it is structured, fits its class: of several rounds the last one's. */
  async run(): Promise<Output> {
    let before = { messages: this.#messages, toolRounds: -1 };
    for (let repairs = 0; ;) {
      const reply = await finishGenerator(this.#answer(false, (whole) => whole));
      try {
        return await parseModelOutput(reply, this.#plan, this.#context);
      } catch (fault) {
        if (!(fault instanceof StructuredOutputError)) throw fault;
        const toolRounds = this.#tools.count;
        // What tools have found is kept.
        if (before.toolRounds < toolRounds) before = { messages: this.#messages, toolRounds };
        if (repairs < (this.#plan.config.repairs ?? 1)) {
          repairs++;
          this.#attempts.tellRepair(fault);
          this.#messages = [...this.#messages, ...writeRepairRequest(reply, fault)];
          this.#isContinued = true;
        } else {
          await this.#attempts.recover(fault);
          this.#messages = before.messages;
          this.#isContinued = toolRounds > 0;
          repairs = 0;
        }
      }
    }
  }

  /**
   * The one loop of an agent: calls its model, again after a failure, and again with the results of tools, until it answers.
   * One generator for all of it, because each that delegates to another costs every batch (docs/performance.md).
   * @param isHeard true: the batches are given, and the text of all rounds is the reply; false: no batch is, and the reply
   *   is that of the last round
   */
  async *#answer<R>(
    isHeard: boolean,
    finish: (reply: ModelOutput) => R | Promise<R>,
  ): AsyncGenerator<readonly Delta[], R, void> {
    if (!this.#hasBegun) await this.#begin();
    let said = '';
    for (;;) {
      const separator = said === '' || /\s$/.test(said) || this.#plan.schema !== undefined ? '' : BLANK_LINE;
      const shown = isHeard ? new ShownOutput(said, separator, this.#tools.openFilter()) : undefined;
      const call = this.#openCall();
      const { received, batches } = call;
      let finishReason: FinishReason;
      let isPassedOn = false;
      try {
        let next = await batches.next();
        for (; next.done !== true; next = await batches.next()) {
          call.take(next.value);
          const batch = shown?.take(next.value) ?? NOTHING;
          if (batch.length === 0) continue;
          isPassedOn = true;
          yield batch;
        }
        call.finish(next.value);
        ({ finishReason } = next.value);
      } catch (thrown) {
        const explained = call.fail(thrown);
        if (isPassedOn) throw explained;
        await this.#attempts.recover(explained);
        continue;
      } finally {
        await call.close();
      }
      if (isHeard && received.content !== '') said += separator + received.content;
      const toolCalls = this.#tools.chooseCalls(received, finishReason);
      if (toolCalls.length === 0) {
        this.#context.events.emit({ type: 'agent-finished', finishReason });
        return await finish(makeModelOutput(received, finishReason, isHeard ? said : received.content));
      }
      this.#attempts.accept();
      this.#messages = [...this.#messages, ...(await this.#tools.run(received, toolCalls))];
      this.#isContinued = true;
    }
  }

  async #begin(): Promise<void> {
    this.#hasBegun = true;
    const { config, prompts } = this.#plan;
    const messages = readConversation(this.#input.messages, this.#context.log.node);
    const instructions = await renderInstructions(
      config.instructions,
      prompts,
      { ...this.#input, messages },
      this.#context,
    );
    this.#messages = instructions === undefined ? messages : [{ role: 'system', content: instructions }, ...messages];
  }

  #openCall(): OpenCall {
    const { target } = this.#attempts;
    const call = writeModelCall(this.#plan, target, this.#messages, this.#forwarded, this.#tools.use);
    const request: WrittenRequest = {
      call,
      isContinued: this.#isContinued,
      clientMessages: this.#context.request.messages,
      forwarded: this.#forwarded,
    };
    return new OpenCall(target, call, this.#context, this.#plan.config.timeout, this.#attempts, (thrown) =>
      RefusedRequestError.explain(thrown, request),
    );
  }
}

/**
 * The output that a reply is. The author's rules may take as long as the run does.
 * @throws IncompleteOutputError if the model stopped before its structured answer was whole, StructuredOutputError if that
 *   does not fit its class, the run's abort reason after an abort
 */
export function parseModelOutput<Output>(
  { content, refusal, finishReason }: ModelOutput,
  { schema }: Pick<AgentPlan<Output>, 'schema'>,
  context: TaskContext,
): Output | Promise<Output> {
  if (schema === undefined) return content as Output;
  const refused = refusal !== '';
  if (refused || finishReason === 'length' || finishReason === 'content_filter') {
    throw new IncompleteOutputError(finishReason, refused);
  }
  return rejectOnAbort(schema.parse(content), TaskContext.readAbort(context));
}

function makeModelOutput(
  { transcript, refusal }: DeltaCollector,
  finishReason: FinishReason,
  content: string,
): ModelOutput {
  // Of an answer that is only spoken, the words are what other steps can use.
  return { content: content === '' ? transcript : content, refusal, finishReason };
}

/** Shows a model its answer, if it gave one, and what is wrong with it. */
function writeRepairRequest({ content }: ModelOutput, { faults }: StructuredOutputError): readonly Message[] {
  const list = faults.map((fault) => `- ${fault}`).join('\n');
  const request: Message = {
    role: 'user',
    content: `Your answer does not fit the required JSON schema:\n${list}\nAnswer again with the whole, corrected JSON and nothing else.`,
  };
  // Many servers refuse a message without text.
  return content.trim() === '' ? [request] : [{ role: 'assistant', content }, request];
}

async function finishGenerator<Result>(generator: AsyncGenerator<unknown, Result, void>): Promise<Result> {
  for (;;) {
    const next = await generator.next();
    if (next.done === true) return next.value;
  }
}
