import { toUSVString } from 'node:util';
import type { FinishReason, Message, ModelParameters } from '../../models/index.js';
import type { DeltaCollector, McpDelta, McpFailure } from '../../streaming/index.js';
import type { ApprovedMcpCall, TaskContext } from '../../workflow/index.js';
import { isReportedByTool, type TellMcp } from './mcp/requested-tools.js';
import { runTools, type ModelToolCall } from './run-tools.js';
import { ToolCallFilter } from './tool-call-filter.js';
import { ToolCallsExceededError, ToolRoundsExceededError } from './tool-errors.js';
import { listClientTools, type ToolUse } from './tool-parameters.js';
import type { RemoteTool, Toolbox } from './toolbox.js';

const MAX_TOOL_ROUNDS = 8;
const MAX_TOOL_CALLS = 128;
/** Stands in for an empty result, because many servers refuse an empty text. */
export const NO_RESULT = '(empty)';

/** How often an agent's tools may be used in one of its runs. */
interface ToolLimits {
  readonly maxToolRounds?: number;
  readonly maxToolCalls?: number;
}

/** How the calls of one output are handled. */
interface ChosenCalls {
  /** The server runs them. */
  readonly run: readonly ModelToolCall[];
  /** The client has to approve them. */
  readonly asked: readonly ModelToolCall[];
  /** True if the model is not asked again. */
  readonly isFinal: boolean;
}

const NO_CALLS: ChosenCalls = { run: [], asked: [], isFinal: true };
const NOT_TOLD: TellMcp = () => undefined;

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
   * Chooses the calls that the server runs, and those that it asks the client for; none if the output is final.
   *
   * A call that the client answers ends the run: one of its own tools, or one that it has to approve. Its next request
   * holds only what it has received. So if a model asks for both kinds at once, the server's own tools are not run:
   * their results could never reach the model.
   */
  chooseCalls({ toolCalls }: DeltaCollector, finishReason: FinishReason): ChosenCalls {
    if (this.#toolbox.isEmpty || toolCalls.length === 0) return NO_CALLS;
    // A limit or a filter may have cut the arguments short.
    if (finishReason === 'length' || finishReason === 'content_filter') return NO_CALLS;
    const own = toolCalls.filter(({ name }) => this.#isOwn(name));
    const taken = new Set<string>();
    const named = own.map(({ id: given, name = '', arguments: args }, index) => {
      // Some models use the tool's name as the id of each call.
      const id = given === undefined || taken.has(given) ? `call_${this.#rounds}_${index}` : given;
      taken.add(id);
      return { id, name, arguments: args };
    });
    const asked = named.filter(({ name }) => this.#toolbox.find(name)?.remote?.needsApproval === true);
    const isFinal = own.length < toolCalls.length || asked.length > 0;
    if (!isFinal) return { run: named, asked, isFinal };
    const run = named.filter((call) => !asked.includes(call) && this.#findRemote(call) !== undefined);
    const left = named.filter((call) => !asked.includes(call) && !run.includes(call));
    if (left.length > 0) this.#tellNotRun(left.map(({ name }) => name));
    return { run, asked, isFinal };
  }

  /** Whether clients get events of one of the calls. */
  tellsAnyCall(calls: readonly ModelToolCall[]): boolean {
    return calls.some((call) => this.#findRemote(call) !== undefined);
  }

  /** The deltas for calls that clients have to approve. */
  describeAsked(calls: readonly ModelToolCall[]): readonly McpDelta[] {
    return calls.flatMap((call) => {
      const remote = this.#findRemote(call);
      return remote === undefined ? [] : [{ type: 'mcp', step: 'asking', ...describeCall(call, remote) }];
    });
  }

  /**
   * Runs the chosen calls.
   * @param tell called for calls of tools of servers that the client names
   * @returns the messages that the round adds to the conversation
   * @throws ToolRoundsExceededError or ToolCallsExceededError if the model has used up its tools, the run's abort reason
   *   after an abort
   */
  async run(
    received: DeltaCollector,
    calls: readonly ModelToolCall[],
    tell: TellMcp = NOT_TOLD,
  ): Promise<readonly Message[]> {
    if (this.#rounds === this.#maxRounds) throw new ToolRoundsExceededError(this.#maxRounds);
    this.#calls += calls.length;
    if (this.#calls > this.#maxCalls) throw new ToolCallsExceededError(this.#maxCalls);
    this.#rounds++;
    return writeRound(received, calls, await this.#runReported(calls, tell));
  }

  /**
   * Runs calls that the client has approved.
   * @returns their results in messages; a server that is not there any more has none
   */
  async runApproved(approved: readonly ApprovedMcpCall[], tell: TellMcp): Promise<readonly string[]> {
    const calls = approved.map(({ callId: id, server, name, arguments: args }) => ({
      id,
      name: this.#toolbox.findRemote(server, name) ?? name,
      arguments: args,
    }));
    return this.#runReported(calls, tell, approved);
  }

  async #runReported(
    calls: readonly ModelToolCall[],
    tell: TellMcp,
    approved: readonly ApprovedMcpCall[] = [],
  ): Promise<readonly string[]> {
    const remotes = calls.map((call, index) => this.#findRemote(call) ?? approved[index]);
    for (const [index, call] of calls.entries()) {
      const remote = remotes[index];
      if (remote === undefined) continue;
      const approval = approved[index]?.approval;
      tell({
        type: 'mcp',
        step: 'calling',
        ...describeCall(call, remote),
        ...(approval !== undefined && { approval }),
      });
    }
    return runTools(this.#toolbox, calls, this.#context, (index, { text, failure }) => {
      const server = remotes[index]?.server;
      const call = calls[index]?.id;
      if (server === undefined || call === undefined) return;
      const ending = failure === undefined ? { output: text } : { error: describeToolFailure(text, failure) };
      tell({ type: 'mcp', step: 'called', server, call, ...ending });
    });
  }

  #findRemote({ name }: ModelToolCall): RemoteTool | undefined {
    return this.#toolbox.find(name)?.remote;
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

function describeCall(
  { id: call, arguments: args }: ModelToolCall,
  { server, name }: Pick<RemoteTool, 'server' | 'name'>,
): Omit<Extract<McpDelta, { readonly step: 'asking' }>, 'type' | 'step'> {
  return { server, call, name, arguments: toUSVString(writeArguments(args)) };
}

function describeToolFailure(text: string, failure: Error): McpFailure {
  return { by: isReportedByTool(failure) ? 'tool' : 'server', message: toUSVString(text.replace(/^Error: /, '')) };
}

function writeRound(
  { content, reasoning }: DeltaCollector,
  calls: readonly ModelToolCall[],
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
