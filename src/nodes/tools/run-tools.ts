import { formatStackForLog, MillraceError, toMillraceError } from '../../errors/index.js';
import { type Cancellation, ensureError, findUnsafeNumber, type JsonValue, settleOrAbort } from '../../kernel/index.js';
import { StructuredOutputError } from '../../schema/index.js';
import {
  type AgentTool,
  describeFailure,
  type EventLevel,
  StepSpan,
  TaskContext,
  toContent,
  ToolError,
} from '../../workflow/index.js';
import { TimeLimit } from '../time-limit.js';
import type { Toolbox, ToolboxEntry } from './toolbox.js';

/** A call of a tool by the model. */
export interface ModelToolCall {
  readonly id: string;
  readonly name: string;
  /** As the model wrote them: a string of JSON that is not always valid. */
  readonly arguments: string;
}

/** How many tools of one round run at the same time. */
const CONCURRENCY = 8;
/** Time limit of tools that set none of their own, in milliseconds. */
const DEFAULT_TIMEOUT_MS = 30_000;
/** How long an aborted tool may take to clean up, in milliseconds: less than the engine gives its node. */
const ABORT_GRACE_MS = 500;

/** The outcome of a call. */
interface ToolEnding {
  /** The text for the model. */
  readonly text: string;
  /** Undefined if it went well. */
  readonly failure?: Error;
}

/**
 * Runs the tool calls of one round in parallel.
 * @param onEnd called for each call when it has ended, with its place among the calls; not after an abort
 * @returns the text for the model for each call, in their order: the result, or what went wrong
 * @throws the run's abort reason after an abort, once all tools have ended
 */
export async function runTools(
  toolbox: Toolbox,
  calls: readonly ModelToolCall[],
  context: TaskContext,
  onEnd: (index: number, ending: ToolEnding) => void = () => undefined,
): Promise<readonly string[]> {
  const results: string[] = [];
  const waiting = calls.entries();
  const work = async (): Promise<void> => {
    for (const [index, call] of waiting) {
      if (context.signal.aborted) return;
      const ending = await runTool(toolbox, call, context);
      results[index] = ending.text;
      if (!context.signal.aborted) onEnd(index, ending);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, calls.length) }, work));
  context.signal.throwIfAborted();
  return results;
}

/** Never rejects: a failure becomes a text for the model. */
async function runTool(
  toolbox: Toolbox,
  { name, arguments: text }: ModelToolCall,
  context: TaskContext,
): Promise<ToolEnding> {
  const span = new ToolSpan(name, text, context);
  try {
    const entry = toolbox.find(name);
    if (entry === undefined) throw new ToolError(`There is no tool "${name}". The tools: ${toolbox.names.join(', ')}.`);
    const result = await callTool(entry, text, context, span.trace);
    const told = typeof result === 'string' ? result : (JSON.stringify(result) ?? 'null');
    span.end('DEFAULT', result);
    return { text: told };
  } catch (thrown) {
    if (context.signal.aborted) {
      span.end('WARNING', undefined, 'aborted');
      return { text: '' };
    }
    const error = ensureError(thrown);
    logFailure(toolbox.find(name)?.tool, error, context);
    const told = writeFailure(error);
    span.end('ERROR', told, told);
    return { text: told, failure: error };
  }
}

/** Emits the events of one tool call. */
class ToolSpan {
  /** For spans of the tool's author. */
  readonly trace: StepSpan;
  readonly #context: TaskContext;
  readonly #number: number;

  constructor(tool: string, text: string, context: TaskContext) {
    const { events, trace } = context;
    this.#context = context;
    this.#number = events.takeNumber();
    this.trace = new StepSpan(events, this.#number);
    const input = events.wantsContent ? { input: readArguments(text) } : {};
    events.emit({ type: 'tool-started', span: this.#number, ...trace.place, tool, ...input });
  }

  /** @param failure why there is no result; undefined if there is one */
  end(level: EventLevel, result: unknown, failure?: string): void {
    const { events } = this.#context;
    const output = events.wantsContent ? toContent(result) : undefined;
    events.emit({
      type: 'tool-finished',
      span: this.#number,
      level,
      ...(failure !== undefined && { failure }),
      ...(output !== undefined && { output }),
    });
  }
}

async function callTool(
  { tool, parse }: ToolboxEntry,
  text: string,
  context: TaskContext,
  trace: StepSpan,
): Promise<unknown> {
  const limit = new TimeLimit(
    context,
    tool.timeout ?? DEFAULT_TIMEOUT_MS,
    (ms) => new ToolError(`the tool took longer than ${ms} ms.`),
  );
  try {
    const start = (args: object | void): unknown => {
      limit.signal.throwIfAborted();
      return tool.execute(args, makeToolContext(context, limit.signal, trace));
    };
    const args = parse(text);
    const work = args === undefined ? Promise.resolve(start()) : args.then(start);
    return await settleOrAbort(work, limit.signal, context.clock, ABORT_GRACE_MS);
  } finally {
    limit.end();
  }
}

/** The node's context with the call's own signal and span. */
function makeToolContext(context: TaskContext, signal: AbortSignal | Cancellation, trace: StepSpan): TaskContext {
  const { request, clock, metadata, events, estimatesTokens, log } = context;
  return TaskContext.makeWithin(signal, {
    request,
    clock,
    metadata,
    events,
    estimatesTokens,
    log,
    trace,
    output: (node, key) => context.output(node, key),
    onStop: () => context.stopWorkflow(),
    onProgress: (message, data) => context.progress(message, data),
  });
}

/** What the model may learn about a failure. The message of a bug can hold anything, so it stays in the log. */
function writeFailure(error: Error): string {
  if (error instanceof StructuredOutputError) return `Error: the arguments do not fit.\n- ${error.faults.join('\n- ')}`;
  return isForModel(error) ? `Error: ${error.message}` : 'Error: the tool failed.';
}

function isForModel(error: Error): boolean {
  return error instanceof ToolError || error instanceof MillraceError;
}

/**
 * Logs no text that the model gets, as it can hold what users wrote, and no name of an unknown tool, as the model made it up.
 */
function logFailure(tool: AgentTool | undefined, error: Error, { log }: TaskContext): void {
  const { words, facts } = describeFailure(toMillraceError(error));
  if (tool === undefined) log.write('log', 'has a model that calls an unknown tool');
  else if (error instanceof ToolError) log.write('log', 'has a tool that refused a call', { tool: tool.name });
  else if (isForModel(error)) log.write('log', `has a tool that failed: ${words}`, { tool: tool.name, ...facts });
  else log.write('error', 'has a tool that failed by a bug', { tool: tool.name, ...facts }, formatStackForLog(error));
}

/** Longer arguments, in characters, stay text for observers. */
const LONG_ARGUMENTS = 128 * 1024;

/** Reads arguments for observers: as JSON, or as text if parsing would change a number. */
function readArguments(text: string): JsonValue {
  if (text.length > LONG_ARGUMENTS) return text;
  try {
    const json = JSON.parse(text) as JsonValue;
    return findUnsafeNumber(text) === undefined ? json : text;
  } catch {
    return text;
  }
}
