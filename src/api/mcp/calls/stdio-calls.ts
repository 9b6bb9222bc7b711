import type { OpenWait } from '../../../engine/index.js';
import { NotFoundError, type RunError, RunAbortedError, toRunError } from '../../../errors/index.js';
import { Cancellation, type Clock, type IdSource, isError } from '../../../kernel/index.js';
import type { RunService } from '../../../runs/index.js';
import { StructuredOutputError } from '../../../schema/index.js';
import type { Gate } from '../../../streaming/index.js';
import type { RunRequest } from '../../../workflow/index.js';
import { elicit, readForm } from './elicitation.js';
import { finishCall } from './finish-call.js';
import { readAccepted } from './logged-calls.service.js';
import { readRunToEnd } from './read-run.js';
import type { GivenAnswers, ToolOutcome, McpToolCall } from './tool-call.js';
import { ToolProgress } from './tool-progress.js';
import { makeErrorResult, ToolOutput } from '../mcp.collector.js';

/** Options of calls over a connection. */
interface StdioTools {
  readonly runs: RunService;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Closed while the client is behind. */
  readonly gate: Gate;
}

/** A wait of a run, and the function that answers it; undefined: no answer is possible. */
interface Question {
  readonly wait: OpenWait;
  readonly answer: (value: unknown) => void;
}

/** What a client waits for: the result or a question, whichever comes first. */
class PendingResult {
  readonly outcome: Promise<ToolOutcome>;
  end!: (outcome: ToolOutcome) => void;
  fail!: (error: unknown) => void;

  constructor() {
    this.outcome = new Promise((resolve, reject) => {
      this.end = resolve;
      this.fail = reject;
    });
  }
}

/** A run that is active in this process, or waits in it for its client's answer. */
interface StdioRun {
  readonly id: string;
  readonly end: Cancellation;
  /** Its open call. */
  call: McpToolCall;
  questions: Question[];
  /** Resolves with the next result or question for the client. */
  pending: PendingResult;
}

/**
 * Calls over one connection, which ends with its client. A waiting run stays in this process, within the time limit of
 * runs, and is not stored.
 */
export class StdioCalls {
  readonly #tools: StdioTools;
  /** By id. */
  readonly #open = new Map<string, StdioRun>();

  constructor(tools: StdioTools) {
    this.#tools = tools;
  }

  begin(call: McpToolCall, request: RunRequest): Promise<ToolOutcome> {
    const run: StdioRun = {
      id: `mcp_${this.#tools.ids.runId()}`,
      end: new Cancellation(),
      call,
      questions: [],
      pending: new PendingResult(),
    };
    this.#open.set(run.id, run);
    void this.#execute(run, request)
      .then(
        (outcome) => run.pending.end(outcome),
        (error: unknown) => run.pending.fail(error),
      )
      .finally(() => this.#open.delete(run.id));
    return this.#awaitResult(run, call);
  }

  /** @throws NotFoundError if no run of the tool waits in this process */
  async goOn(call: McpToolCall, { state, responses }: GivenAnswers): Promise<ToolOutcome> {
    const run = this.#open.get(state);
    if (run === undefined || run.call.tool !== call.tool) {
      throw new NotFoundError('No run of this tool waits for an answer here. No new run was begun.', {
        code: 'wait_not_found',
      });
    }
    const questions = run.questions.splice(0);
    for (const { wait } of questions) {
      const fault = await findFault(call, wait, responses[wait.name]);
      if (fault === undefined) continue;
      run.questions.push(...questions);
      return elicit(
        questions.map((question) => question.wait),
        run.id,
        fault,
      );
    }
    run.pending = new PendingResult();
    const result = this.#awaitResult(run, call);
    for (const question of questions) {
      const content = readAccepted(responses[question.wait.name]);
      question.answer(content && readForm(content, question.wait.schema)?.value);
    }
    return result;
  }

  /** Ends all runs with the connection. */
  close(): void {
    for (const { end } of this.#open.values()) end.abort(new RunAbortedError('client_disconnected'));
  }

  async #awaitResult(run: StdioRun, call: McpToolCall): Promise<ToolOutcome> {
    run.call = call;
    const end = (): void => run.end.abort(new RunAbortedError('cancelled'));
    call.signal.addEventListener('abort', end);
    try {
      return await run.pending.outcome;
    } finally {
      call.signal.removeEventListener('abort', end);
    }
  }

  async #execute(run: StdioRun, request: RunRequest): Promise<ToolOutcome> {
    const { runs, clock, gate } = this.#tools;
    const { tool } = run.call;
    const said = new ToolOutput();
    const news = {
      get progressToken() {
        return run.call.progressToken;
      },
      notify: (notification: Parameters<McpToolCall['notify']>[0]) => run.call.notify(notification),
    };
    const progress = new ToolProgress(news, () => !gate.isOpen);
    const answer = (wait: OpenWait): unknown => (run.call.canElicit ? this.#ask(run, wait) : undefined);
    const events = runs.start(tool.workflow, request, { id: run.id, gate, signal: run.end, answer });
    const failure = await readRunToEnd(events, { said, progress, clock });
    if (said.waits.length > 0) return makeErrorResult(makeUnansweredError(said.waits), said);
    return finishCall(tool, said, run.id, failure);
  }

  /** Asks the client, together with all questions of the same round. */
  #ask(run: StdioRun, wait: OpenWait): Promise<unknown> {
    return new Promise((resolve) => {
      run.questions.push({ wait, answer: resolve });
      if (run.questions.length > 1) return;
      void Promise.resolve()
        .then(() =>
          elicit(
            run.questions.map((question) => question.wait),
            run.id,
          ),
        )
        .then(run.pending.end, run.pending.fail);
    });
  }
}

/** Why a client's answer is invalid; undefined: it is valid, or there is none. */
async function findFault({ tool }: McpToolCall, wait: OpenWait, response: unknown): Promise<string | undefined> {
  const content = readAccepted(response);
  if (content === undefined) return undefined;
  const read = readForm(content, wait.schema);
  if (read === undefined) return `The answer to "${wait.name}" is not the JSON that was asked for.`;
  const declared = tool.workflow.waits.find(({ node }) => node === wait.node);
  try {
    await declared?.answer.parse(JSON.stringify(read.value));
    return undefined;
  } catch (error) {
    if (!isError(error) || !(error instanceof StructuredOutputError)) throw error;
    return `The answer to "${wait.name}" does not fit, and the run still waits for one: ${error.faults.join('; ')}.`;
  }
}

function makeUnansweredError(waits: readonly OpenWait[]): RunError {
  const names = waits.map(({ name }) => `"${name}"`).join(', ');
  return toRunError(
    new NotFoundError(
      `The workflow waits for an answer to ${names}, and there was none: its user declined, or this client cannot ask its user (elicitation). The run is not stored. Over HTTP such a run waits until it is answered.`,
      { code: 'not_answered' },
    ),
  );
}
