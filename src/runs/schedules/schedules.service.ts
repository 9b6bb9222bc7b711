import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import {
  formatStackForLog,
  InternalError,
  InvalidRequestError,
  type MillraceError,
  ModelNotFoundError,
  OverloadedError,
  RateLimitedError,
  toMillraceError,
} from '../../errors/index.js';
import { Cancellation, Clock, type JsonObject, type Timer } from '../../kernel/index.js';
import {
  assertParametersTaken,
  type CompiledWorkflow,
  findNextSlot,
  type RunRequest,
  type ScheduleTimes,
  WorkflowRegistry,
} from '../../workflow/index.js';
import { LoggedRuns } from '../log/logged-runs.service.js';
import type { RunDoor } from '../log/run-door.js';
import type { QueuedAdmission, RunOrigin } from '../run-options.js';
import { RunService } from '../run.service.js';
import { RunLogStore } from '../store/run-log-store.js';
import { type KeptSchedule, type ScheduleId, ScheduleStore } from '../store/schedule-store.js';

/** Most schedules of one caller. */
const MOST_SCHEDULES = 100;
/** Longest JSON of one schedule, in characters: all schedules of a caller are read together. */
const LONGEST = 65_536;
/** Most due schedules in one read. */
const MOST_AT_ONCE = 100;
/**
 * How often due schedules are searched for when other processes can change them, and the pause after a failure.
 * Milliseconds.
 */
const LOOK_EVERY_MS = 5_000;
const TRY_AGAIN_MS = 5_000;
/**
 * How long a due time is left to other processes if this one does not know the workflow, since a new release may be
 * rolling out. Milliseconds.
 */
const UNKNOWN_FOR_MS = 60_000;
/** A workflow's schedule that no process has started for this long was removed from its workflow. Milliseconds. */
const FORGOTTEN_AFTER_MS = 3_600_000;

/** The content of a schedule. */
interface ScheduleFacts extends ScheduleTimes {
  readonly isPaused: boolean;
  /** True if its workflow declares it; false if a client has made it. */
  readonly isFromCode: boolean;
  /** The request of its runs. */
  readonly request: RunRequest;
  readonly metadata: JsonObject;
  /** From 0 to 9; null: the usual one. */
  readonly priority: number | null;
  readonly origin: RunOrigin;
}

/** A schedule. */
export interface Schedule extends ScheduleFacts, ScheduleId {
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  /** Its next due time; undefined: none. Milliseconds since the Unix epoch. */
  readonly next: number | undefined;
  /** Why its last due time began no run; undefined: it did, or there was none. */
  readonly fault: ScheduleFault | undefined;
}

/** Why a due time began no run. */
export type ScheduleFault = Pick<MillraceError, 'code' | 'message'>;

/** Starts the runs of schedules. */
export interface ScheduleDoor extends Pick<RunDoor, 'name'> {
  /** The owner of the runs of schedules in workflows. */
  readonly scheduleOwner: string;
  /**
   * Admits a run.
   * @throws MillraceError if the schedule's owner may not use the workflow (any more)
   */
  admitScheduled(schedule: Schedule, workflow: CompiledWorkflow): QueuedAdmission;
}

/**
 * Begins runs at the times of schedules. Each due time has exactly one run, identified by that time, however many
 * processes try to begin it. All times missed while no process was running are made up for by one run.
 */
@Injectable()
export class Schedules implements OnApplicationBootstrap {
  readonly #logger = new Logger('Schedules');
  #door: ScheduleDoor | undefined;
  /** Ids of the schedules that workflows declare. */
  readonly #declared = new Set<string>();
  #hasDeclared = false;
  #timer: Timer | undefined;
  /** When the timer fires, in milliseconds since the Unix epoch. */
  #dueAt: number | undefined;
  #looking: Promise<void> | undefined;
  #isAskedAgain = false;
  /** The last message logged for schedules whose time began no run, so that it is logged once. */
  readonly #told = new Map<string, string>();
  #isClosed = false;

  constructor(
    private readonly clock: Clock,
    private readonly store: ScheduleStore,
    private readonly logs: RunLogStore,
    private readonly runs: LoggedRuns,
    private readonly service: RunService,
    private readonly workflows: WorkflowRegistry,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** To be called once, before the application starts. */
  open(door: ScheduleDoor): void {
    this.#door = door;
  }

  async onApplicationBootstrap(): Promise<void> {
    // Commands that serve nothing leave the runs to the server.
    if ((this.adapterHost.httpAdapter as unknown) === undefined) return;
    const isNeeded = this.#listWorkflows().some(({ schedules }) => schedules.length > 0);
    if (!this.runs.isOn) {
      if (isNeeded) this.#logger.warn('RUNS is off: the schedules of workflows begin no runs.');
      return;
    }
    const shutdown = new Cancellation();
    shutdown.addEventListener('abort', () => {
      this.#isClosed = true;
      this.#timer?.cancel();
    });
    this.service.trackWait(shutdown);
    if (isNeeded || this.logs.isShared || (await this.logs.hasEarlier())) void this.#look();
  }

  /**
   * Stores a schedule, in place of one with the same id.
   * @throws ScheduleTimesError if its times are invalid; InvalidRequestError if it is too long, or its owner has too
   *   many; OverloadedError
   */
  async put({ owner, id }: ScheduleId, facts: ScheduleFacts): Promise<Schedule> {
    const now = this.clock.now();
    const slot = await findNextSlot(facts, now);
    const next = facts.isPaused ? undefined : slot;
    const kept = { owner, id, createdAt: now, json: JSON.stringify(facts), next, fault: undefined };
    if (kept.json.length > LONGEST && !facts.isFromCode) {
      throw new InvalidRequestError(`A schedule asks for at most ${LONGEST} characters of JSON.`, {
        code: 'schedule_too_large',
      });
    }
    // Schedules of workflows do not count against a caller.
    const schedule = await this.store.put(kept, facts.isFromCode ? Number.MAX_SAFE_INTEGER : MOST_SCHEDULES);
    if (schedule === undefined) {
      throw new InvalidRequestError(
        `This API key has ${MOST_SCHEDULES} schedules, which is as many as one may have. Remove one of them first.`,
        { code: 'too_many_schedules' },
      );
    }
    if (!facts.isFromCode) this.#lookAt(schedule.next);
    return read(schedule);
  }

  /** @returns undefined if the owner has none of this id */
  async find(schedule: ScheduleId): Promise<Schedule | undefined> {
    const kept = await this.store.find(schedule);
    return kept && read(kept);
  }

  /** All schedules of one owner. */
  async list(owner: string): Promise<readonly Schedule[]> {
    return (await this.store.list(owner)).map(read);
  }

  /** @returns false if the owner has none of this id */
  remove(schedule: ScheduleId): Promise<boolean> {
    return this.store.remove(schedule);
  }

  #listWorkflows(): readonly CompiledWorkflow[] {
    return [...new Set(this.workflows.listAll().map(({ workflow }) => workflow))];
  }

  /** Searches for due schedules at this time, unless an earlier search is planned. */
  #lookAt(time: number | undefined): void {
    if (this.#isClosed) return;
    const inMs = time === undefined ? Number.POSITIVE_INFINITY : time - this.clock.now();
    const waitMs = this.logs.isShared ? Math.min(inMs, LOOK_EVERY_MS) : inMs;
    if (waitMs === Number.POSITIVE_INFINITY || (this.#dueAt !== undefined && this.#dueAt <= this.clock.now() + waitMs))
      return;
    this.#lookAfter(Math.max(0, waitMs));
  }

  #lookAfter(ms: number): void {
    this.#timer?.cancel();
    this.#dueAt = this.clock.now() + ms;
    this.#timer = this.clock.after(ms, () => {
      this.#dueAt = undefined;
      void this.#look();
    });
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    // Schedules that have become due meanwhile may have been missed.
    if (this.#looking !== undefined) this.#isAskedAgain = true;
    else {
      this.#looking = this.#lookOnce();
      await this.#looking;
      this.#looking = undefined;
      if (!this.#isAskedAgain) return;
      this.#isAskedAgain = false;
      void this.#look();
    }
  }

  async #lookOnce(): Promise<void> {
    if (this.#isClosed) return;
    try {
      await this.#declare();
      const now = this.clock.now();
      let waiting = 0;
      let due: readonly KeptSchedule[];
      do {
        due = await this.store.findDue(now, MOST_AT_ONCE, waiting);
        for (const kept of due) if (!(await this.#fire(read(kept), now))) waiting++;
      } while (due.length === MOST_AT_ONCE);
      const next = await this.store.findNext();
      // A schedule that is still due is blocked by something at the moment.
      this.#lookAt(next === undefined || next > now ? next : now + TRY_AGAIN_MS);
    } catch (error) {
      if (!(error instanceof OverloadedError)) this.#logger.error('Schedules failed', formatStackForLog(error));
      if (!this.#isClosed) this.#lookAfter(TRY_AGAIN_MS);
    }
  }

  /** Stores the schedules of workflows, once. */
  async #declare(): Promise<void> {
    if (this.#hasDeclared || this.#door === undefined) return;
    const { scheduleOwner: owner } = this.#door;
    for (const { id, schedules } of this.#listWorkflows()) {
      for (const schedule of schedules) {
        const { name, pattern, timezone = 'UTC', input, messages, parameters = {}, metadata = {}, priority } = schedule;
        const key = `${id}/${name}`;
        this.#declared.add(key);
        await this.put(
          { owner, id: key },
          {
            pattern,
            timezone,
            isPaused: false,
            isFromCode: true,
            request: { model: id, messages: messages ?? [{ role: 'user', content: input }], parameters },
            metadata,
            priority: priority ?? null,
            origin: {},
          },
        );
      }
    }
    this.#hasDeclared = true;
  }

  /**
   * @returns false if it is still due
   * @throws OverloadedError while the store is unavailable
   */
  async #fire(schedule: Schedule, now: number): Promise<boolean> {
    const { next: slot } = schedule;
    if (slot === undefined || this.#isClosed) return false;
    if (schedule.isFromCode && !this.#declared.has(schedule.id)) {
      return now - slot >= FORGOTTEN_AFTER_MS && this.store.remove(schedule);
    }
    let fault: ScheduleFault | undefined;
    try {
      await this.#begin(schedule, slot);
    } catch (thrown) {
      const error = toMillraceError(thrown);
      const isForOthers = error instanceof ModelNotFoundError && this.logs.isShared && now - slot < UNKNOWN_FOR_MS;
      if (isForOthers) return false;
      this.#tell(schedule, error);
      if (error instanceof RateLimitedError || error instanceof OverloadedError) return false;
      fault = { code: error.code, message: error.message };
    }
    if (fault === undefined) this.#told.delete(makeKey(schedule));
    // A time zone can have been removed from the system's database.
    const next = await findNextSlot(schedule, now).catch((thrown: unknown) => {
      const { code, message } = toMillraceError(thrown);
      fault = { code, message };
      return undefined;
    });
    await this.store.advance({ ...schedule, fault: fault && JSON.stringify(fault) }, slot, next);
    return true;
  }

  /** Logs why a due time began no run, unless the last time was logged with the same reason. */
  #tell(schedule: Schedule, error: MillraceError): void {
    const key = makeKey(schedule);
    if (this.#told.get(key) === error.message) return;
    this.#told.set(key, error.message);
    const reason = error instanceof InternalError ? formatStackForLog(error) : error.message;
    this.#logger.warn(`The schedule ${schedule.id} of ${schedule.owner} begins no run: ${reason}`);
  }

  async #begin(schedule: Schedule, slot: number): Promise<void> {
    const door = this.#door;
    if (door === undefined) return;
    const { owner, id, request, origin, priority } = schedule;
    const { workflow } = this.workflows.resolveServed(request.model);
    const admission = door.admitScheduled(schedule, workflow);
    assertParametersTaken(request.parameters, workflow.id, workflow.takes);
    const { run, isRepeated } = await this.runs.start({
      door: door.name,
      owner,
      workflow,
      request,
      head: '{}',
      metadata: { ...schedule.metadata, schedule: id, scheduled_at: new Date(slot).toISOString() },
      origin,
      wantsContent: true,
      admission,
      // Keys of clients have no spaces.
      identity: { key: `schedule ${id} ${slot}`, body: null },
      ...(priority !== null && { priority }),
    });
    if (!isRepeated) this.#logger.log(`The schedule ${id} began the run ${run.id} of ${workflow.id}`);
  }
}

const makeKey = ({ owner, id }: ScheduleId): string => `${owner} ${id}`;

function read({ owner, id, createdAt, next, json, fault }: KeptSchedule): Schedule {
  return {
    ...(JSON.parse(json) as ScheduleFacts),
    owner,
    id,
    createdAt,
    next,
    fault: fault === undefined ? undefined : (JSON.parse(fault) as ScheduleFault),
  };
}
