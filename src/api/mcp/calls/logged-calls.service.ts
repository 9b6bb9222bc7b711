import { Injectable, Logger } from '@nestjs/common';
import { Admissions, type RequestAdmission } from '../../../access/index.js';
import type { RunEvent } from '../../../engine/index.js';
import {
  formatStackForLog,
  InvalidRequestError,
  NotFoundError,
  OverloadedError,
  type RunError,
} from '../../../errors/index.js';
import { DoorsPlace } from '../../../http/index.js';
import type { JsonObject } from '../../../kernel/index.js';
import {
  type KeptWait,
  type LoggedEvent,
  type LoggedRun,
  LoggedRuns,
  mergeDeltaEvents,
  type QueuedAdmission,
  type RunDoor,
  type RunOrigin,
  type RequestWatch,
  RunWaits,
  isOpenWait,
} from '../../../runs/index.js';
import type { RunRequest } from '../../../workflow/index.js';
import { makeCannotWaitError, readLog } from '../../wire/index.js';
import { elicit, readForm } from './elicitation.js';
import { finishCall } from './finish-call.js';
import type { GivenAnswers, ToolOutcome, McpToolCall } from './tool-call.js';
import { ToolProgress } from './tool-progress.js';
import { ToolOutput } from '../mcp.collector.js';
import { describeWaiting } from './waiting-result.js';

/** The caller of a tool, and its admission. */
interface CallerOfTool {
  /** Id of the caller. */
  readonly owner: string;
  readonly admission: RequestAdmission;
  readonly origin: RunOrigin;
  readonly watch: RequestWatch;
  /** Called with the run before anything is sent. */
  readonly onRun: (id: string) => void;
  /** True while the client is behind. */
  readonly isPaused: () => boolean;
}

/**
 * Calls of workflows that wait for answers. A waiting run is a row of the store and holds no connection: its client
 * gets the questions and calls again with the answers, or another client answers in another way.
 */
@Injectable()
export class LoggedCalls implements RunDoor {
  readonly name = 'mcp';
  readonly #logger = new Logger('Mcp');

  constructor(
    private readonly runs: LoggedRuns,
    private readonly waits: RunWaits,
    private readonly admissions: Admissions,
    private readonly place: DoorsPlace,
  ) {
    runs.addDoor(this);
  }

  readmit(kept: JsonObject): QueuedAdmission {
    return this.admissions.readmit(kept);
  }

  /**
   * Begins a run, and follows it until it has ended or waits.
   * @throws InvalidRequestError if runs cannot wait here; RateLimitedError, OverloadedError if it cannot be begun;
   *   RunLeftError if this process has to leave it; RunAbortedError if the client leaves, with which the run ends
   */
  async begin(call: McpToolCall, request: RunRequest, caller: CallerOfTool): Promise<ToolOutcome> {
    const { workflow } = call.tool;
    if (!this.runs.isOn) throw makeCannotWaitError(workflow.id);
    const { owner, origin, watch } = caller;
    const { run } = await this.runs.start({
      door: this.name,
      owner,
      workflow,
      request,
      head: '{}',
      origin,
      wantsContent: true,
      admission: caller.admission.detach(),
      // The client's disconnect ends it, in #follow. Once it has waited, it may be answered while it has no reader.
      watch,
    });
    return this.#follow(call, run, 0, caller);
  }

  /**
   * Gives a run the answers of a user, and continues as {@link begin}. Without an answer nothing happens, and the
   * result explains how else to give it.
   * @throws NotFoundError if the caller has no such run of the tool; ConflictError if it has no such wait; and as
   *   {@link begin}
   */
  async goOn(call: McpToolCall, { state, responses }: GivenAnswers, caller: CallerOfTool): Promise<ToolOutcome> {
    const run = await this.runs.find(state, caller.owner);
    if (run?.workflow !== call.tool.workflow.id) throw makeUnknownStateError();
    caller.onRun(run.id);
    const open = (await this.waits.list(run)).filter(isOpenWait);
    const { values, fault } = readValues(open, responses);
    if (values.length === 0) {
      caller.admission.cancel();
      if (fault !== undefined) return elicit(open, run.id, fault);
      if (open.length === 0) return this.#follow(call, run, run.length, caller);
      return describeWaiting(run.id, open, new ToolOutput(), this.place.path);
    }
    const detached = caller.admission.detach();
    try {
      const answered = await this.waits.answer({ run, values, param: 'value', watch: caller.watch });
      if (answered.open.length > 0) return await elicit(answered.open, run.id);
      return await this.#follow(call, answered.run, run.length, caller);
    } catch (error) {
      // The run still waits.
      if (error instanceof InvalidRequestError && error.code === 'invalid_value')
        return elicit(open, run.id, error.message);
      throw error;
    } finally {
      // The run has an admission of its own.
      detached.end();
    }
  }

  /** @param from number of the first event that the client has not been notified of */
  async #follow(call: McpToolCall, run: LoggedRun, from: number, caller: CallerOfTool): Promise<ToolOutcome> {
    caller.onRun(run.id);
    const said = new ToolOutput();
    const progress = new ToolProgress(call, caller.isPaused);
    const { signal, tool } = call;
    const left = { advice: adviseToRead(run.id, this.place.path), isRepeatable: false };
    let failure: RunError | undefined;
    let isOver = false;
    let number = 0;
    try {
      for await (const events of readLog(this.runs, { id: run.id, from: 0, signal, left })) {
        const fresh = events.slice(Math.max(0, from - number));
        number += events.length;
        for (const event of events) {
          if (event.type === 'run-failed') failure = event.error;
          else said.next(event);
        }
        for (const event of mergeNeighbours(fresh)) progress.next(event);
        isOver = number > from && (said.waits.length > 0 || said.finished !== undefined || failure !== undefined);
        if (isOver) break;
      }
    } finally {
      if (!isOver && signal.aborted) void this.#cancel(run);
    }
    if (said.waits.length === 0) return finishCall(tool, said, run.id, failure);
    if (call.canElicit) return elicit(said.waits, run.id);
    return describeWaiting(run.id, said.waits, said, this.place.path);
  }

  /** Ends an active run whose client has left. Never rejects. */
  async #cancel({ id, owner }: LoggedRun): Promise<void> {
    try {
      await this.runs.cancel(id, owner);
    } catch (error) {
      if (!(error instanceof OverloadedError))
        this.#logger.error(`The run ${id} cannot be ended`, formatStackForLog(error));
    }
  }
}

/**
 * The values that users have given, by the names of waits.
 * @param fault what could not be read
 */
function readValues(
  open: readonly KeptWait[],
  responses: JsonObject,
): { readonly values: readonly { readonly name: string; readonly value: unknown }[]; readonly fault?: string } {
  const values: { readonly name: string; readonly value: unknown }[] = [];
  for (const { name, schema } of open) {
    const content = readAccepted(responses[name]);
    if (content === undefined) continue;
    const read = readForm(content, schema);
    if (read === undefined) return { values: [], fault: `The answer to "${name}" is not the JSON that was asked for.` };
    values.push({ name, value: read.value });
  }
  return { values };
}

/** The form as a user has filled it in; undefined if they declined or closed it. */
export function readAccepted(response: unknown): JsonObject | undefined {
  const { action, content } = (response ?? {}) as { readonly action?: unknown; readonly content?: unknown };
  return action === 'accept' && typeof content === 'object' && content !== null ? (content as JsonObject) : undefined;
}

/** Joins adjacent pieces of one text. */
function mergeNeighbours(events: readonly LoggedEvent[]): readonly RunEvent[] {
  const merged: RunEvent[] = [];
  for (const event of events) {
    const last = merged.at(-1);
    const both = last && mergeDeltaEvents(last, event);
    if (both === undefined) merged.push(event);
    else merged[merged.length - 1] = both;
  }
  return merged;
}

function makeUnknownStateError(): NotFoundError {
  return new NotFoundError('No run of yours waits for this answer. No new run was begun.', { code: 'wait_not_found' });
}

/** The sentence that shows a client where to find a run that continues without its call. */
function adviseToRead(id: string, path: string): string {
  return `GET ${path}/v1/runs/${id} shows its result.`;
}
