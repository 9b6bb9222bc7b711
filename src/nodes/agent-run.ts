import { followWork, rejectOnAbort } from '../kernel/index.js';
import type { FinishReason, Message, ModelParameters } from '../models/index.js';
import { StructuredOutputError } from '../schema/index.js';
import type { DeltaCollector, Delta } from '../streaming/index.js';
import { type AgentInput, IncompleteOutputError, readConversation, TaskContext } from '../workflow/index.js';
import type { AgentPlan } from './agent-plan.js';
import { Attempts } from './attempts.js';
import { pickForwardedParameters } from './pick-forwarded-parameters.js';
import { renderInstructions } from './render-instructions.js';
import { writeModelCall } from './write-model-call.js';
import { OpenCall } from './open-call.js';
import { RefusedRequestError, type WrittenRequest } from './refused-request.js';
import { ShownOutput } from './shown-output.js';
import { dropChoices, listToolNames, NO_RESULT, type RequestedTools, type TellMcp, ToolRounds } from './tools/index.js';

/** Separates the text before a tool call from the text after it. */
const BLANK_LINE = '\n\n';

const NOTHING: readonly Delta[] = [];
/** Why a node cannot have tools of MCP servers. */
const NO_RESOURCES = 'its constructor does not pass AgentResources on. Call super(providers, resources).';

/** The final output of an agent's model. */
export interface ModelOutput {
  readonly content: string;
  /** Empty unless the model refused. */
  readonly refusal: string;
  readonly finishReason: FinishReason;
}

/** One run of one agent: the exchange with its model until there is an output. */
export class AgentRun<Output> {
  #plan: AgentPlan<Output>;
  readonly #input: AgentInput;
  readonly #context: TaskContext;
  #forwarded: ModelParameters;
  readonly #attempts: Attempts;
  #tools: ToolRounds;
  /** The tools of MCP servers that the client names; undefined if the agent has none. */
  readonly #requested: RequestedTools | undefined;
  #hasRequested = false;
  #messages: readonly Message[] = [];
  #hasBegun = false;
  /** True once the messages hold earlier output of the model. */
  #isContinued = false;

  /** @throws InvalidRequestError if a client's tool has the name of one of the server's tools */
  constructor(plan: AgentPlan<Output>, input: AgentInput, context: TaskContext) {
    this.#plan = plan;
    this.#input = input;
    this.#context = context;
    this.#forwarded = pickForwardedParameters(context.request.parameters, plan.forwards);
    this.#attempts = new Attempts(plan.targets, plan.config.retries ?? 0, context);
    this.#tools = new ToolRounds(plan.toolbox, this.#forwarded, plan.config, context);
    const { mcp } = context.request;
    if (mcp === undefined || !plan.forwards.includes('tools')) return;
    this.#requested = plan.mcp?.openRequested(mcp);
    if (plan.mcp === undefined) context.log.write('warn', `cannot have tools of MCP servers: ${NO_RESOURCES}`);
  }

  /**
   * Streams the output as it arrives, with the text of all rounds. It is never repaired: by the time it can be checked, a
   * part of it has been passed on.
   * @param finish makes the result from the whole output
   */
  stream<R>(finish: (output: ModelOutput) => Promise<R>): AsyncGenerator<readonly Delta[], R, void> {
    return this.#loop(true, finish);
  }

  /**
   * Runs the agent until its output is whole and, if it is structured, fits its class.
   * @returns the output of the last round
   */
  async run(): Promise<Output> {
    let before = { messages: this.#messages, toolRounds: -1 };
    for (let repairs = 0; ;) {
      const output = await finishGenerator(this.#loop(false, (whole) => Promise.resolve(whole)));
      try {
        return await parseModelOutput(output, this.#plan, this.#context);
      } catch (fault) {
        if (!(fault instanceof StructuredOutputError)) throw fault;
        const toolRounds = this.#tools.count;
        // The results of tools are kept.
        if (before.toolRounds < toolRounds) before = { messages: this.#messages, toolRounds };
        if (repairs < (this.#plan.config.repairs ?? 1)) {
          repairs++;
          this.#attempts.tellRepair(fault);
          this.#messages = [...this.#messages, ...writeRepairRequest(output, fault)];
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
   * The one loop of an agent: calls its model, calls again after a failure or with the results of tools, and ends with the
   * final output. It is a single generator, because each further one that delegates costs time for every batch
   * (docs/performance.md).
   * @param isVisible true: yields the batches, and the result holds the text of all rounds; false: yields nothing, and the
   *   result is that of the last round
   */
  async *#loop<R>(
    isVisible: boolean,
    finish: (output: ModelOutput) => Promise<R>,
  ): AsyncGenerator<readonly Delta[], R, void> {
    if (!this.#hasBegun) await this.#begin();
    let said = '';
    this.#requested?.hold();
    try {
      if (this.#requested !== undefined && !this.#hasRequested)
        yield* this.#addRequestedTools(this.#requested, isVisible);
      for (;;) {
        const separator = said === '' || /\s$/.test(said) || this.#plan.schema !== undefined ? '' : BLANK_LINE;
        const shown = isVisible ? new ShownOutput(said, separator, this.#tools.openFilter()) : undefined;
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
        if (isVisible && received.content !== '') said += separator + received.content;
        const { run, asked, isFinal } = this.#tools.chooseCalls(received, finishReason);
        if (run.length > 0) {
          this.#attempts.accept();
          const messages = this.#tools.tellsAnyCall(run)
            ? yield* followWork<Delta, readonly Message[]>((tell) => this.#tools.run(received, run, tell))
            : await this.#tools.run(received, run);
          this.#messages = [...this.#messages, ...messages];
          this.#isContinued = true;
        }
        if (!isFinal) continue;
        if (asked.length > 0) yield this.#tools.describeAsked(asked);
        this.#context.events.emit({ type: 'agent-finished', finishReason });
        return await finish(makeModelOutput(received, finishReason, isVisible ? said : received.content));
      }
    } finally {
      this.#requested?.release();
    }
  }

  async #begin(): Promise<void> {
    this.#hasBegun = true;
    if (this.#plan.servers.length > 0) await this.#addListedTools();
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

  /** Adds the tools of MCP servers, as they are now. */
  async #addListedTools(): Promise<void> {
    const { toolbox, servers, mcp, config } = this.#plan;
    if (mcp === undefined) return;
    const listing = mcp.listTools(servers, toolbox.names, this.#context);
    const all = toolbox.with(await rejectOnAbort(listing, TaskContext.readAbort(this.#context)));
    this.#plan = { ...this.#plan, toolbox: all };
    this.#tools = new ToolRounds(all, this.#forwarded, config, this.#context);
  }

  /** Adds the tools of the servers that the client names, and makes the calls that it has approved. */
  async *#addRequestedTools(
    requested: RequestedTools,
    isVisible: boolean,
  ): AsyncGenerator<readonly Delta[], void, void> {
    this.#hasRequested = true;
    const abort = TaskContext.readAbort(this.#context);
    const add = async (tell: TellMcp): Promise<void> => {
      const { toolbox, config } = this.#plan;
      const taken = [...toolbox.names, ...listToolNames(this.#forwarded)];
      const listing = requested.listTools(taken, isVisible, this.#context, tell);
      const all = toolbox.with(await rejectOnAbort(listing, abort));
      this.#plan = { ...this.#plan, toolbox: all };
      if (all.isEmpty && this.#forwarded['tools'] === undefined) this.#forwarded = dropChoices(this.#forwarded);
      this.#tools = new ToolRounds(all, this.#forwarded, config, this.#context);
      if (requested.approved.length === 0) return;
      const making = requested.makeApproved(() => this.#tools.runApproved(requested.approved, tell));
      this.#messages = fillIn(this.#messages, await rejectOnAbort(making, abort));
    };
    yield* followWork<Delta, void>(add);
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
 * Makes an agent's output from that of its model. The author's own validation rules are awaited until the run ends.
 * @throws IncompleteOutputError if the model stopped before its structured output was whole, StructuredOutputError if it does
 *   not fit its class, the run's abort reason after an abort
 */
export async function parseModelOutput<Output>(
  { content, refusal, finishReason }: ModelOutput,
  { schema }: Pick<AgentPlan<Output>, 'schema'>,
  context: TaskContext,
): Promise<Output> {
  if (schema === undefined) return content as Output;
  const refused = refusal !== '';
  if (refused || finishReason === 'length' || finishReason === 'content_filter') {
    throw new IncompleteOutputError(finishReason, refused);
  }
  const output = await rejectOnAbort(schema.parse(content), TaskContext.readAbort(context));
  if (typeof output === 'object' && output !== null) context.events.noteSource?.(output, content);
  return output;
}

function makeModelOutput(
  { transcript, refusal }: DeltaCollector,
  finishReason: FinishReason,
  content: string,
): ModelOutput {
  // If the output is audio alone, other steps can use its transcript.
  return { content: content === '' ? transcript : content, refusal, finishReason };
}

/** Puts results of calls in their places. */
function fillIn(messages: readonly Message[], results: ReadonlyMap<string, string>): readonly Message[] {
  return messages.map((message) => {
    const result = message.role === 'tool' ? results.get(message.tool_call_id) : undefined;
    return result === undefined ? message : { ...message, content: result === '' ? NO_RESULT : result };
  });
}

/** Shows a model its own output, if there is any, and what is wrong with it. */
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
