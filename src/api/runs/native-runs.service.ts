import { Injectable } from '@nestjs/common';
import { Admissions } from '../../access/index.js';
import { AppConfig } from '../../config/index.js';
import { ConflictError, InvalidRequestError, NotFoundError } from '../../errors/index.js';
import type { JsonObject } from '../../kernel/index.js';
import {
  Inspections,
  type LoggedRun,
  LoggedRuns,
  type QueuedAdmission,
  type RunDoor,
  type RunToLog,
  RunWaits,
  type StartedRun,
  isOpenWait,
} from '../../runs/index.js';
import type { TakenRequest } from '../wire/index.js';
import { makeLogExpiredError } from './log-expired.js';
import type { ListQuery } from './list-query.js';
import { makeRunObject, type RunObject } from './run-object.js';
import { RunSummary, type StepObject } from './run-summary.js';
import type { AskedAgain, DecodedRequest } from './runs.decoder.js';

/** The name of this door in the runs that it begins. */
export const RUNS_DOOR = 'runs';

/** A page of runs, as clients see it. */
interface RunList {
  readonly object: 'list';
  readonly data: readonly RunObject[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

/** The runs of callers: those begun here, and logged runs of other doors. */
@Injectable()
export class NativeRuns implements RunDoor {
  readonly name = RUNS_DOOR;

  constructor(
    private readonly runs: LoggedRuns,
    private readonly waits: RunWaits,
    private readonly admissions: Admissions,
    private readonly config: AppConfig,
    private readonly inspections: Inspections,
  ) {
    runs.addDoor(this);
  }

  /** @throws InvalidRequestError if RUNS is off */
  assertOn(): void {
    if (this.runs.isOn) return;
    throw new InvalidRequestError(
      'This server stores no runs (RUNS is off). Request completions or responses of its workflows, and wait for them.',
      { code: 'runs_disabled' },
    );
  }

  /**
   * Begins a run. When this resolves, it is stored, and continues without its client.
   * @throws RateLimitedError, OverloadedError if it cannot be begun; IdempotencyKeyReusedError
   */
  async start(
    decoded: DecodedRequest,
    { caller, admission }: Pick<TakenRequest, 'caller' | 'admission'>,
    identity: RunToLog['identity'],
  ): Promise<StartedRun> {
    const { workflow, request, metadata, runAt, priority, origin } = decoded;
    return this.runs.start({
      door: this.name,
      owner: caller.id,
      workflow,
      request,
      head: '{}',
      metadata,
      origin,
      wantsContent: true,
      admission: admission.detach(),
      identity,
      runAt,
      priority,
    });
  }

  /** @throws NotFoundError if this owner may see none */
  async find(id: string, owner: string): Promise<LoggedRun> {
    this.assertOn();
    const run = await this.runs.find(id, owner);
    // Not by the id of a segment.
    if (run?.id !== id) throw makeNotFoundError(id);
    return run;
  }

  /**
   * The owner of a run.
   * @throws NotFoundError if there is no such run
   */
  async findOwner(id: string): Promise<string> {
    const owner = await this.runs.findOwner(id);
    if (owner === undefined) throw makeNotFoundError(id);
    return owner;
  }

  /**
   * A page of the runs of one owner.
   * @throws InvalidRequestError if `after` is none of them
   */
  async list(query: ListQuery, owner: string): Promise<RunList> {
    this.assertOn();
    const page = await this.runs.list({ ...query, owner });
    if (page === undefined) {
      throw new InvalidRequestError("Invalid value for 'after': no run of yours has this id.", {
        param: 'after',
        code: 'invalid_value',
      });
    }
    const data: RunObject[] = [];
    for (const run of page.runs) data.push(await this.describe(run));
    return {
      object: 'list',
      data,
      first_id: data.at(0)?.id ?? null,
      last_id: data.at(-1)?.id ?? null,
      has_more: page.hasMore,
    };
  }

  /**
   * A run as clients see it.
   * @param steps `shown`: with its steps and the outputs that clients have read; `all`: with all outputs
   */
  async describe(run: LoggedRun, steps?: 'shown' | 'all'): Promise<RunObject> {
    const hasSteps = steps !== undefined;
    const { timeoutMs } = this.config.store;
    const findDoor = (segment: string): string | undefined => this.runs.findDoorOfSegment(segment);
    const { output } = run.ending ?? {};
    const noSteps = hasSteps ? [] : undefined;
    const waits = run.status === 'waiting' ? (await this.waits.list(run)).filter(isOpenWait) : [];
    const isWanted = hasSteps || (run.status === 'completed' && output === undefined);
    if (!isWanted || !run.hasLog) return makeRunObject(run, { output, steps: noSteps, waits, findDoor }, timeoutMs);
    const summary = new RunSummary();
    for await (const event of this.runs.readSoFar(run.id)) summary.add(event);
    const told = hasSteps ? await this.#addOutputs(run, summary.steps, steps === 'all') : undefined;
    return makeRunObject(run, { output: output ?? summary.output, steps: told, waits, findDoor }, timeoutMs);
  }

  /** Adds the outputs of silent steps, for callers who may inspect the run: its log has none of them. */
  async #addOutputs(run: LoggedRun, told: readonly StepObject[], isAllowed: boolean): Promise<readonly StepObject[]> {
    const inspection = isAllowed ? await this.inspections.find(run.id, run.owner) : undefined;
    if (inspection === undefined) return told;
    const outputs = new Map(inspection.steps.map(({ node, output }) => [node, output]));
    return told.map((step) => {
      const output = step.output ?? outputs.get(step.node);
      return output === undefined ? step : { ...step, output };
    });
  }

  /**
   * Answers a wait of a run. Repeating the answer changes nothing.
   * @throws NotFoundError for a name that its workflow does not have; ConflictError if the wait is not open, or has
   *   another answer; InvalidRequestError with every fault of a value that does not fit
   */
  async answer(run: LoggedRun, name: string, value: unknown): Promise<void> {
    await this.waits.answer({ run, values: [{ name, value }], param: 'value' });
  }

  /**
   * Cancels a run, and waits for its end.
   * @throws NotFoundError; InvalidRequestError if it has ended in another way
   */
  async cancel(id: string, owner: string): Promise<LoggedRun> {
    await this.find(id, owner);
    const run = await this.runs.cancel(id, owner);
    if (run === undefined) throw makeNotFoundError(id);
    if (run.status === 'cancelled') return run;
    throw new InvalidRequestError(`This run cannot be cancelled: it has ${run.status}.`, { code: 'run_ended' });
  }

  /**
   * The request of an ended run, for running it again.
   * @throws NotFoundError; ConflictError if it has not ended; GoneError if its request has expired
   */
  async findAsked(id: string, owner: string): Promise<AskedAgain> {
    const run = await this.find(id, owner);
    if (run.ending === undefined) {
      throw new ConflictError('This run has not ended yet. Cancel it first, or wait for its end.', 'run_not_finished');
    }
    const request = run.hasLog ? await this.runs.findRequest(id) : undefined;
    if (request === undefined) throw makeLogExpiredError('its request');
    return { request, metadata: run.metadata, priority: run.priority };
  }

  /**
   * Removes a run with all its data.
   * @throws NotFoundError
   */
  async remove(id: string, owner: string): Promise<void> {
    await this.find(id, owner);
    if (!(await this.runs.remove(id, owner))) throw makeNotFoundError(id);
  }

  readmit(kept: JsonObject): QueuedAdmission {
    return this.admissions.readmit(kept);
  }
}

function makeNotFoundError(id: string): NotFoundError {
  return new NotFoundError(`Run with id '${id.slice(0, 64)}' not found.`);
}
