import type { Message, ModelParameters } from '../models/index.js';
import { StructuredOutputError } from '../schema/index.js';
import type { AnswerText, Delta } from '../streaming/index.js';
import type { TaskContext } from '../workflow/index.js';
import type { AgentInput } from './agent-input.js';
import type { AgentPlan } from './agent-plan.js';
import { type AgentReply, outputOf } from './agent-reply.js';
import { type Answered, Asking } from './asking.js';
import { Attempts } from './attempts.js';
import { forwardedParameters } from './forwarded-parameters.js';
import { instructionsFor } from './instructions.js';
import { modelCallFor } from './model-call.js';
import { RefusedRequestError, type WrittenRequest } from './refused-request.js';
import { Rounds } from './rounds.js';
import { ToolCallsExceededError, ToolRoundsExceededError } from './tool-errors.js';
import { clientToolsOf, runTools, type ToolCall, ToolCallFilter } from './tools/index.js';
import { TracedCall } from './traced-call.js';

const MAX_TOOL_ROUNDS = 8;
const MAX_TOOL_CALLS = 128;
/** Sets the text before a tool's call off from the text after it. */
const BLANK_LINE = '\n\n';
/** What a model is told of a tool that gave an empty text: many servers refuse one. */
const NO_RESULT = '(empty)';

/** What an agent and its model say to one another until there is an answer: one run of one agent. */
export class Conversation<Output> {
  readonly #plan: AgentPlan<Output>;
  readonly #input: AgentInput;
  readonly #context: TaskContext;
  readonly #attempts: Attempts;
  readonly #forwarded: ModelParameters;
  /** True if calls of tools that are not the server's go to the client. */
  readonly #clientHasTools: boolean;
  #messages: readonly Message[] = [];
  #toolRounds = 0;
  #toolCalls = 0;
  #hasBegun = false;
  /** True once the conversation holds what the model has answered. */
  #isContinued = false;

  /** @throws InvalidRequestError if a tool of the client has the name of one of the server's */
  constructor(plan: AgentPlan<Output>, input: AgentInput, context: TaskContext) {
    this.#plan = plan;
    this.#input = input;
    this.#context = context;
    this.#attempts = new Attempts(plan.targets, plan.config.retries ?? 0, context);
    this.#forwarded = forwardedParameters(context.event.parameters, plan.forwards);
    this.#clientHasTools = clientToolsOf(this.#forwarded, plan.toolbox).length > 0;
  }

  /**
   * The answer as it arrives, with the text of all rounds. It is not repaired: a part of it has been passed on by the time
   * that it can be checked.
   * @param finish makes the result of the whole reply
   */
  stream<R>(finish: (reply: AgentReply) => R): AsyncGenerator<readonly Delta[], R, void> {
    return this.#rounds(true, finish);
  }

  /** The answer once it is whole and, if it is structured, fits its class: of several rounds the last one's. */
  async run(): Promise<Output> {
    const { schema, config } = this.#plan;
    await this.#begin();
    let before = { messages: this.#messages, toolRounds: -1 };
    for (let repairs = 0; ;) {
      const reply = await resultOf(this.#rounds(false, (answer) => answer));
      try {
        return outputOf(reply, schema);
      } catch (fault) {
        if (!(fault instanceof StructuredOutputError)) throw fault;
        // What tools have found is kept.
        if (before.toolRounds < this.#toolRounds) before = { messages: this.#messages, toolRounds: this.#toolRounds };
        if (repairs < (config.repairs ?? 1)) {
          repairs++;
          this.#context.trace.event('repair', { faults: fault.faults }, 'WARNING');
          this.#attempts.repairing(fault);
          this.#isContinued = true;
          this.#messages = [...this.#messages, ...repairMessages(reply, fault)];
        } else {
          await this.#attempts.recover(fault);
          this.#messages = before.messages;
          this.#isContinued = this.#toolRounds > 0;
          repairs = 0;
        }
      }
    }
  }

  async #begin(): Promise<void> {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { config, prompts } = this.#plan;
    const { messages } = this.#input;
    const instructions = await instructionsFor(config.instructions, prompts, this.#input, this.#context);
    this.#messages = instructions === undefined ? messages : [{ role: 'system', content: instructions }, ...messages];
  }

  /**
   * Calls the model, and the tools that it asks for, until it answers.
   * @param isHeard true: the text of all rounds is the reply; false: that of the last one
   */
  #rounds<R>(isHeard: boolean, finish: (reply: AgentReply) => R): Rounds<R> {
    let said = '';
    let separator = '';
    return new Rounds({
      begin: () => this.#begin(),
      ask: () => {
        separator = said === '' || /\s$/.test(said) || this.#plan.schema !== undefined ? '' : BLANK_LINE;
        return this.#ask(isHeard, said, separator);
      },
      settle: async (answered) => {
        const { answer, result } = answered;
        if (isHeard && answer.content !== '') said += separator + answer.content;
        const calls = this.#serverCalls(answered);
        if (calls.length > 0) {
          await this.#useTools(answer, calls);
          return undefined;
        }
        this.#context.ledger.finished(result.finishReason);
        const content = isHeard ? said : answer.content;
        // Of an answer that is only spoken, the words are what other steps can use.
        return {
          content: content === '' ? answer.transcript : content,
          refusal: answer.refusal,
          finishReason: result.finishReason,
        };
      },
      finish,
    });
  }

  /** @throws ToolRoundsExceededError or ToolCallsExceededError if the model has used tools often enough */
  async #useTools(answer: AnswerText, calls: readonly ToolCall[]): Promise<void> {
    if (this.#toolRounds === this.#maxToolRounds) throw new ToolRoundsExceededError(this.#maxToolRounds);
    this.#toolCalls += calls.length;
    if (this.#toolCalls > this.#maxToolCalls) throw new ToolCallsExceededError(this.#maxToolCalls);
    this.#attempts.accept();
    this.#toolRounds++;
    const results = await runTools(this.#plan.toolbox, calls, this.#context);
    this.#isContinued = true;
    this.#messages = [...this.#messages, ...roundMessages(answer, calls, results)];
  }

  get #maxToolRounds(): number {
    return this.#plan.config.maxToolRounds ?? MAX_TOOL_ROUNDS;
  }

  get #maxToolCalls(): number {
    return this.#plan.config.maxToolCalls ?? MAX_TOOL_CALLS;
  }

  /** One answer of the model. */
  #ask(isHeard: boolean, said: string, separator: string): Asking {
    const { toolbox } = this.#plan;
    return new Asking({
      attempts: this.#attempts,
      open: () => this.#openCall(),
      filter: () => (toolbox.isEmpty ? undefined : new ToolCallFilter((name) => this.#isOwnTool(name))),
      isHeard,
      said,
      separator,
    });
  }

  #openCall(): TracedCall {
    const { target } = this.#attempts;
    const tools = {
      haveBeenUsed: this.#toolRounds > 0,
      areUsedUp: this.#toolRounds >= this.#maxToolRounds || this.#toolCalls >= this.#maxToolCalls,
    };
    const call = modelCallFor(this.#plan, target, this.#messages, this.#forwarded, tools);
    const request: WrittenRequest = {
      call,
      isContinued: this.#isContinued,
      clientMessages: this.#context.event.messages,
      forwarded: this.#forwarded,
    };
    return new TracedCall(target, call, this.#context, this.#plan.config.timeout, this.#attempts, (thrown) =>
      RefusedRequestError.for(thrown, request),
    );
  }

  /**
   * The calls that the server runs before the model goes on; none if the answer is to be given as it is.
   *
   * Calls of the client's tools end the conversation here, and what the client sends next holds these calls alone. So if a
   * model asks for both at once, the server's are not run: nothing could tell the model their results.
   */
  #serverCalls({ answer, result }: Answered): readonly ToolCall[] {
    if (this.#plan.toolbox.isEmpty || answer.toolCalls.length === 0) return [];
    // Arguments that a limit or filter has cut short are nobody's wish.
    if (result.finishReason === 'length' || result.finishReason === 'content_filter') return [];
    const own = answer.toolCalls.filter(({ name }) => this.#isOwnTool(name));
    if (own.length < answer.toolCalls.length) {
      if (own.length > 0) this.#context.trace.event('tools_not_run', { tools: own.map(({ name }) => name) }, 'WARNING');
      return [];
    }
    const taken = new Set<string>();
    return own.map(({ id: given, name = '', arguments: args }, index) => {
      // Some models give the name of the tool as the id of each call.
      const id = given === undefined || taken.has(given) ? `call_${this.#toolRounds}_${index}` : given;
      taken.add(id);
      return { id, name, arguments: args };
    });
  }

  /** A name that nobody has given a tool is the model's mistake, which it is told if the client cannot tell it. */
  #isOwnTool(name: string | undefined): boolean {
    return !this.#clientHasTools || this.#plan.toolbox.find(name) !== undefined;
  }
}

async function resultOf<Result>(generator: AsyncGenerator<unknown, Result, void>): Promise<Result> {
  for (;;) {
    const next = await generator.next();
    if (next.done === true) return next.value;
  }
}

/** What a round of tools adds to the conversation. */
function roundMessages(
  { content, reasoning }: AnswerText,
  calls: readonly ToolCall[],
  results: readonly string[],
): readonly Message[] {
  const answer = {
    role: 'assistant' as const,
    content: content === '' ? null : content,
    // Thinking models may want it back; a provider that does not take it is not sent it.
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    tool_calls: calls.map(({ id, name, arguments: args }) => ({
      id,
      type: 'function' as const,
      function: { name, arguments: asJson(args) },
    })),
  };
  return [
    answer,
    ...calls.map(({ id }, index): Message => ({
      role: 'tool',
      tool_call_id: id,
      content: results[index] || NO_RESULT,
    })),
  ];
}

/** Servers parse the arguments of a history, and fail if they cannot; so what is no JSON is shown to the model as a text in it. */
function asJson(args: string): string {
  if (args.trim() === '') return '{}';
  try {
    JSON.parse(args);
    return args;
  } catch {
    return JSON.stringify({ invalid_json: args });
  }
}

/** Shows a model its answer, if it gave one, and what is wrong with it. */
function repairMessages({ content }: AgentReply, { faults }: StructuredOutputError): readonly Message[] {
  const list = faults.map((fault) => `- ${fault}`).join('\n');
  const request: Message = {
    role: 'user',
    content: `Your answer does not fit the required JSON schema:\n${list}\nAnswer again with the whole, corrected JSON and nothing else.`,
  };
  // Many servers refuse a message without text.
  return content.trim() === '' ? [request] : [{ role: 'assistant', content }, request];
}
