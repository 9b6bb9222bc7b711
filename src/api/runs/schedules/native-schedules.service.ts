import { Injectable } from '@nestjs/common';
import { AccessControl, Admissions, type Caller } from '../../../access/index.js';
import { InvalidRequestError, NotFoundError, UnauthorizedError } from '../../../errors/index.js';
import type { JsonObject } from '../../../kernel/index.js';
import type { Message } from '../../../models/index.js';
import {
  type QueuedAdmission,
  type Schedule,
  type ScheduleDoor,
  type ScheduleFault,
  Schedules,
  USUAL_PRIORITY,
} from '../../../runs/index.js';
import { type CompiledWorkflow, ScheduleTimesError } from '../../../workflow/index.js';
import { NativeRuns, RUNS_DOOR } from '../native-runs.service.js';
import type { DecodedSchedule } from './decode-schedule.js';

/** A schedule, as clients see it. */
interface ScheduleObject {
  readonly id: string;
  readonly object: 'schedule';
  readonly created_at: number;
  readonly source: 'api' | 'workflow';
  readonly model: string;
  readonly pattern: string;
  readonly timezone: string;
  readonly paused: boolean;
  readonly next_run_at: number | null;
  readonly last_error: ScheduleFault | null;
  readonly priority: number;
  readonly metadata: JsonObject;
  readonly messages: readonly Message[];
  readonly parameters: JsonObject;
}

/** The schedules of callers, and those of workflows. */
@Injectable()
export class NativeSchedules implements ScheduleDoor {
  readonly name = RUNS_DOOR;

  constructor(
    private readonly schedules: Schedules,
    private readonly runs: NativeRuns,
    private readonly admissions: Admissions,
    private readonly access: AccessControl,
  ) {
    schedules.open(this);
  }

  get scheduleOwner(): string {
    return this.access.application.id;
  }

  admitScheduled({ owner, isFromCode, request }: Schedule, workflow: CompiledWorkflow): QueuedAdmission {
    const caller = isFromCode ? this.access.application : this.access.findCaller(owner);
    if (caller === undefined) {
      throw new UnauthorizedError('The API key that owns it is no longer valid: it begins no runs.', true);
    }
    caller.assertMayUse(workflow.id, request.model);
    return this.admissions.readmit(this.admissions.keep(caller));
  }

  /** @throws InvalidRequestError if RUNS is off */
  assertOn(): void {
    this.runs.assertOn();
  }

  /**
   * Stores a schedule, in place of one with the same id.
   * @throws InvalidRequestError, OverloadedError
   */
  async put(id: string, caller: Caller, { times, isPaused, decoded }: DecodedSchedule): Promise<ScheduleObject> {
    const { request, metadata, priority, origin } = decoded;
    const facts = {
      ...times,
      isPaused,
      isFromCode: false,
      request,
      metadata,
      priority: priority ?? null,
      // Only the schedule's own runs show the request.
      origin: origin.userId === undefined ? {} : { userId: origin.userId },
    };
    try {
      return describe(await this.schedules.put({ owner: caller.id, id }, facts));
    } catch (error) {
      if (!(error instanceof ScheduleTimesError)) throw error;
      const { field, message } = error;
      throw new InvalidRequestError(`Invalid value for '${field}': ${message}.`, {
        param: field,
        code: 'invalid_value',
      });
    }
  }

  /** @throws NotFoundError if this owner may see none */
  async find(id: string, owner: string): Promise<ScheduleObject> {
    return describe(await this.#find(id, owner));
  }

  /** All schedules that an owner may see. */
  async list(owner: string): Promise<readonly ScheduleObject[]> {
    this.assertOn();
    return (await this.schedules.list(owner)).map(describe);
  }

  /**
   * Its runs stay.
   * @throws NotFoundError; InvalidRequestError if a workflow declares it
   */
  async remove(id: string, owner: string): Promise<void> {
    if ((await this.#find(id, owner)).isFromCode) {
      throw new InvalidRequestError('This schedule is declared in its workflow. Remove it there.', {
        code: 'schedule_of_workflow',
      });
    }
    await this.schedules.remove({ owner, id });
  }

  async #find(id: string, owner: string): Promise<Schedule> {
    this.assertOn();
    const schedule = await this.schedules.find({ owner, id });
    if (schedule === undefined) throw new NotFoundError(`Schedule with id '${id.slice(0, 64)}' not found.`);
    return schedule;
  }
}

function describe(schedule: Schedule): ScheduleObject {
  const { id, createdAt, isFromCode, request, pattern, timezone, isPaused, next, fault, priority, metadata } = schedule;
  const { metadata: _, ...parameters } = request.parameters;
  return {
    id,
    object: 'schedule',
    created_at: Math.floor(createdAt / 1_000),
    source: isFromCode ? 'workflow' : 'api',
    model: request.model,
    pattern,
    timezone,
    paused: isPaused,
    next_run_at: next === undefined ? null : Math.floor(next / 1_000),
    last_error: fault ?? null,
    priority: priority ?? USUAL_PRIORITY,
    metadata,
    messages: request.messages,
    parameters,
  };
}
