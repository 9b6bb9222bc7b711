import type { FinishReason, Message, ModelParameters } from '../../models/index.js';
import type { DeltaCollector } from '../../streaming/index.js';
import type { TaskContext } from '../../workflow/index.js';
import { runTools, type ToolCall } from './run-tools.js';
import { ToolCallFilter } from './tool-call-filter.js';
import { ToolCallsExceededError, ToolRoundsExceededError } from './tool-errors.js';
import { listClientTools, type ToolUse } from './tool-parameters.js';
import type { Toolbox } from './toolbox.js';

const MAX_TOOL_ROUNDS = 8;
const MAX_TOOL_CALLS = 128;
/** What a model is told of a tool that gave an empty text: many servers refuse one. */
const NO_RESULT = '(empty)';

/** How often an agent's tools may be used in one run of it. */
export interface ToolLimits {
  readonly maxToolRounds?: number;
  readonly maxToolCalls?: number;
}

/** The tools of one run of an agent: whose calls the server runs, how often, and what the model is told of them. */
export class ToolRounds {
  readonly #toolbox: Toolbox;
  readonly #context: TaskContext;
  /** True if calls of tools that are not the server's go to the client. */
  readonly #clientHasTools: boolean;
  readonly #maxRounds: number;
  readonly #maxCalls: number;
  #rounds = 0;
  #calls = 0;

  /**
   * @param forwarded the client's parameters that reach the model
   * @throws InvalidRequestError if a tool of the client has the name of one of the server's
   */
  constructor(toolbox: Toolbox, forwarded: ModelParameters, limits: ToolLimits, context: TaskContext) {
    this.#toolbox = toolbox;
    this.#context = context;
    this.#clientHasTools = listClientTools(forwarded, toolbox).length > 0;
    this.#maxRounds = limits.maxToolRounds ?? MAX_TOOL_ROUNDS;
    this.#maxCalls = limits.maxToolCalls ?? MAX_TOOL_CALLS;
  }

  /** How many rounds were run. */
  get count(): number {
    return this.#rounds;
  }

  get use(): ToolUse {
    return {
      haveBeenUsed: this.#rounds > 0,
      areUsedUp: this.#rounds >= this.#maxRounds || this.#calls >= this.#maxCalls,
    };
  }

  /** Keeps the server's calls of one answer from the client; undefined if there can be none. */
  openFilter(): ToolCallFilter | undefined {
    return this.#toolbox.isEmpty ? undefined : new ToolCallFilter((name) => this.#isOwn(name));
  }

  /**
   * The calls that the server runs before the model goes on; none if the answer is to be given as it is.
   *
   * Calls of the client's tools end the conversation here, and what the client sends next holds these calls alone. So if a
   * model asks for both at once, the server's are not run: nothing could tell the model their results.
   */
  chooseCalls({ toolCalls }: DeltaCollector, finishReason: FinishReason): readonly ToolCall[] {
    if (this.#toolbox.isEmpty || toolCalls.length === 0) return [];
    // Arguments that a limit or filter has cut short are nobody's wish.
    if (finishReason === 'length' || finishReason === 'content_filter') return [];
    const own = toolCalls.filter(({ name }) => this.#isOwn(name));
    if (own.length < toolCalls.length) {
      if (own.length > 0) this.#tellNotRun(own.map(({ name = '' }) => name));
      return [];
    }
    const taken = new Set<string>();
    return own.map(({ id: given, name = '', arguments: args }, index) => {
      // Some models give the name of the tool as the id of each call.
      const id = given === undefined || taken.has(given) ? `call_${this.#rounds}_${index}` : given;
      taken.add(id);
      return { id, name, arguments: args };
    });
  }

  /**
   * Runs the calls of an answer.
   * @returns what the round adds to the conversation
   * @throws ToolRoundsExceededError or ToolCallsExceededError if the model has used tools often enough, the run's abort reason
   *   after an abort
   */
  async run(answer: DeltaCollector, calls: readonly ToolCall[]): Promise<readonly Message[]> {
    if (this.#rounds === this.#maxRounds) throw new ToolRoundsExceededError(this.#maxRounds);
    this.#calls += calls.length;
    if (this.#calls > this.#maxCalls) throw new ToolCallsExceededError(this.#maxCalls);
    this.#rounds++;
    return writeRound(answer, calls, await runTools(this.#toolbox, calls, this.#context));
  }

  #tellNotRun(tools: readonly string[]): void {
    const { events, trace } = this.#context;
    events.emit({ type: 'tools-not-run', ...trace.place, tools });
  }

  /** A name that nobody has given a tool is the model's mistake, which it is told if the client cannot tell it. */
  #isOwn(name: string | undefined): boolean {
    return !this.#clientHasTools || this.#toolbox.find(name) !== undefined;
  }
}

function writeRound(
  { content, reasoning }: DeltaCollector,
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
      function: { name, arguments: writeArguments(args) },
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
function writeArguments(args: string): string {
  if (args.trim() === '') return '{}';
  try {
    JSON.parse(args);
    return args;
  } catch {
    return JSON.stringify({ invalid_json: args });
  }
}
