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
/** Stands in for an empty result, because many servers refuse an empty text. */
const NO_RESULT = '(empty)';

/** How often an agent's tools may be used in one of its runs. */
interface ToolLimits {
  readonly maxToolRounds?: number;
  readonly maxToolCalls?: number;
}

/** The tools of one run of an agent: decides which calls the server runs, runs them, and counts them. */
export class ToolRounds {
  readonly #toolbox: Toolbox;
  readonly #context: TaskContext;
  /** True if the client has tools of its own, whose calls it gets. */
  readonly #clientHasTools: boolean;
  readonly #maxRounds: number;
  readonly #maxCalls: number;
  #rounds = 0;
  #calls = 0;

  /**
   * @param forwarded the client's parameters that reach the model
   * @throws InvalidRequestError if a client's tool has the name of one of the server's tools
   */
  constructor(toolbox: Toolbox, forwarded: ModelParameters, limits: ToolLimits, context: TaskContext) {
    this.#toolbox = toolbox;
    this.#context = context;
    this.#clientHasTools = listClientTools(forwarded, toolbox).length > 0;
    this.#maxRounds = limits.maxToolRounds ?? MAX_TOOL_ROUNDS;
    this.#maxCalls = limits.maxToolCalls ?? MAX_TOOL_CALLS;
  }

  /** How many rounds have run. */
  get count(): number {
    return this.#rounds;
  }

  get use(): ToolUse {
    return {
      haveBeenUsed: this.#rounds > 0,
      areUsedUp: this.#rounds >= this.#maxRounds || this.#calls >= this.#maxCalls,
    };
  }

  /** Makes a filter that keeps the server's calls from the client; undefined if the agent has no tools. */
  openFilter(): ToolCallFilter | undefined {
    return this.#toolbox.isEmpty ? undefined : new ToolCallFilter((name) => this.#isOwn(name));
  }

  /**
   * Chooses the calls that the server runs before the model goes on; none if the output is final.
   *
   * A call of a client's tool ends the run, and the client's next request holds only that call. So if a model asks for both
   * kinds at once, the server's tools are not run: their results could never reach the model.
   */
  chooseCalls({ toolCalls }: DeltaCollector, finishReason: FinishReason): readonly ToolCall[] {
    if (this.#toolbox.isEmpty || toolCalls.length === 0) return [];
    // A limit or a filter may have cut the arguments short.
    if (finishReason === 'length' || finishReason === 'content_filter') return [];
    const own = toolCalls.filter(({ name }) => this.#isOwn(name));
    if (own.length < toolCalls.length) {
      if (own.length > 0) this.#tellNotRun(own.map(({ name = '' }) => name));
      return [];
    }
    const taken = new Set<string>();
    return own.map(({ id: given, name = '', arguments: args }, index) => {
      // Some models use the tool's name as the id of each call.
      const id = given === undefined || taken.has(given) ? `call_${this.#rounds}_${index}` : given;
      taken.add(id);
      return { id, name, arguments: args };
    });
  }

  /**
   * Runs the chosen calls.
   * @returns the messages that the round adds to the conversation
   * @throws ToolRoundsExceededError or ToolCallsExceededError if the model has used up its tools, the run's abort reason
   *   after an abort
   */
  async run(received: DeltaCollector, calls: readonly ToolCall[]): Promise<readonly Message[]> {
    if (this.#rounds === this.#maxRounds) throw new ToolRoundsExceededError(this.#maxRounds);
    this.#calls += calls.length;
    if (this.#calls > this.#maxCalls) throw new ToolCallsExceededError(this.#maxCalls);
    this.#rounds++;
    return writeRound(received, calls, await runTools(this.#toolbox, calls, this.#context));
  }

  #tellNotRun(tools: readonly string[]): void {
    const { events, trace } = this.#context;
    events.emit({ type: 'tools-not-run', ...trace.place, tools });
  }

  /**
   * Whether the server runs calls of this tool. Unknown names are the model's mistake; if the client has no tools, the server
   * tells the model.
   */
  #isOwn(name: string | undefined): boolean {
    return !this.#clientHasTools || this.#toolbox.find(name) !== undefined;
  }
}

function writeRound(
  { content, reasoning }: DeltaCollector,
  calls: readonly ToolCall[],
  results: readonly string[],
): readonly Message[] {
  const message = {
    role: 'assistant' as const,
    content: content === '' ? null : content,
    // Thinking models may need it back; it is dropped for providers that do not take it.
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    tool_calls: calls.map(({ id, name, arguments: args }) => ({
      id,
      type: 'function' as const,
      function: { name, arguments: writeArguments(args) },
    })),
  };
  return [
    message,
    ...calls.map(({ id }, index): Message => ({
      role: 'tool',
      tool_call_id: id,
      content: results[index] || NO_RESULT,
    })),
  ];
}

/** Servers parse the arguments in a history and fail if they are not JSON, so invalid ones are wrapped in JSON. */
function writeArguments(args: string): string {
  if (args.trim() === '') return '{}';
  try {
    JSON.parse(args);
    return args;
  } catch {
    return JSON.stringify({ invalid_json: args });
  }
}
