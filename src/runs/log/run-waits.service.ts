import { Injectable, Logger } from '@nestjs/common';
import {
  ConflictError,
  formatStackForLog,
  InvalidRequestError,
  NotFoundError,
  OverloadedError,
} from '../../errors/index.js';
import { Cancellation, Clock, MAX_TIMER_MS, settleInTime, type Timer } from '../../kernel/index.js';
import { StructuredOutputError } from '../../schema/index.js';
import { type CompiledWait, WorkflowRegistry } from '../../workflow/index.js';
import { LostRuns } from '../dispatch/lost-runs.service.js';
import { makeJob } from '../dispatch/run-queue.js';
import type { RequestWatch } from '../run-options.js';
import { RunService } from '../run.service.js';
import type { KeptWait } from '../store/kept-wait.js';
import type { LoggedRun } from '../store/logged-run.js';
import { RunLogStore } from '../store/run-log-store.js';
import { LoggedWorks } from './logged-works.service.js';
import { writeSortedJson } from './sorted-json.js';

/** How often expired waits of other processes are searched for, in milliseconds. */
const LOOK_EVERY_MS = 15_000;
/** Pause before the next search while the store is unavailable, in milliseconds. */
const LOOK_AGAIN_MS = 2_000;
/** Pause before a client should send its answer again, in milliseconds. */
const RETRY_AFTER_MS = 2_000;
/** Time limit for the rules of an answer, which are an author's code. Milliseconds. */
const RULES_LIMIT_MS = 10_000;
/** How often storing an answer is tried while other answers win the race. */
const MOST_TRIES = 5;
/** Pause before each of these attempts while the run is active, in milliseconds. */
const WORK_LIMIT_MS = 1_000;

/** Answers that a client gives to a run that waits. */
interface AnswersToRun {
  readonly run: LoggedRun;
  /** At least one, each for another wait. Values are plain JSON. */
  readonly values: readonly { readonly name: string; readonly value: unknown }[];
  /** The parameter of the request that holds the values, for its error. */
  readonly param: 'messages' | 'input' | 'value';
  /** The segment under which the client continues to read; absent: the run's own id. */
  readonly segment?: { readonly id: string; readonly head: string };
  /** Notified of the run, if it continues in this process and has a reader. Absent: no request waits for it. */
  readonly watch?: RequestWatch | undefined;
}

/** The outcome of answers. */
export interface AnsweredRun {
  readonly run: LoggedRun;
  /** Id of the segment that shows the result; undefined: they were given without one. */
  readonly segment: string | undefined;
  /** True if the same was answered before: nothing happens a second time. */
  readonly isRepeated: boolean;
  /** Waits still open when the answers were stored, in the order in which they were asked. Empty: the run continues. */
  readonly open: readonly KeptWait[];
}

/** Answers to waiting runs. A waiting run exists only as rows of the store, in no process. */
@Injectable()
export class RunWaits {
  readonly #logger = new Logger('Runs');
  #timer: Timer | undefined;
  /** When the timer fires, in milliseconds since the Unix epoch. */
  #nextAt = Number.POSITIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    private readonly store: RunLogStore,
    private readonly runs: RunService,
    private readonly lost: LostRuns,
    private readonly works: LoggedWorks,
    private readonly workflows: WorkflowRegistry,
  ) {
    works.watchWaiting((expiresAt) => this.#lookAt(expiresAt));
  }

  /** Logs a warning if waiting runs would end with this process. Never rejects. */
  async checkStore(): Promise<void> {
    const names = this.workflows.listAll().flatMap(({ workflow: { id, waits } }) => (waits.length > 0 ? [id] : []));
    if (names.length === 0 || (await this.store.canLast())) return;
    this.#logger.warn(
      `RUNS_DIR cannot be written to: runs that wait for an answer end with this process (${[...new Set(names)].join(', ')}).`,
    );
  }

  /** Begins to expire waits at their time. Never rejects. */
  async watch(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#nextAt = Number.POSITIVE_INFINITY;
    try {
      await this.#expire();
    } catch (error) {
      if (!(error instanceof OverloadedError)) this.#logger.error('Waits cannot expire', formatStackForLog(error));
      this.#lookAt(this.clock.now() + LOOK_AGAIN_MS);
    }
  }

  close(): void {
    this.#timer?.cancel();
  }

  /** The wait that a function call represents; undefined if there is none, or it belongs to another caller. */
  async findByCall(
    callId: string,
    owner: string,
  ): Promise<{ readonly run: LoggedRun; readonly wait: KeptWait } | undefined> {
    const run = await this.store.findRunOfCall(callId, owner);
    const wait = run && (await this.list(run)).find((other) => other.callId === callId);
    return wait && { run, wait };
  }

  /** All waits of a run, in the order in which they were asked. */
  list({ id }: Pick<LoggedRun, 'id'>): Promise<readonly KeptWait[]> {
    return this.store.findWaits(id);
  }

  /**
   * Stores answers, all of them or none, and lets the run continue if it has no other open wait. An equal answer given
   * before is accepted again, because a conversation repeats its earlier messages.
   * @throws NotFoundError for a name that the workflow does not have; ConflictError for a wait that is not open; InvalidRequestError
   * with all faults of a value that does not fit; OverloadedError while the store is unavailable, or the server is
   * shutting down
   */
  async answer(given: AnswersToRun): Promise<AnsweredRun> {
    const untrack = this.runs.trackWait(new Cancellation());
    try {
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const answered = await this.#tryAnswer(given);
        if (answered !== undefined) return answered;
        await this.#letGoOn(given.run);
      }
    } finally {
      untrack();
    }
    throw new ConflictError(
      'The run cannot take an answer at the moment: another of its waits has expired, and it is running. Send the answer again in a moment.',
      'not_waiting',
    );
  }

  /** Another of its waits has expired: the run is active for that, and waits again afterwards. */
  async #letGoOn({ id, owner, length }: LoggedRun): Promise<void> {
    const { news, leave } = this.works.hub.wait(id, length);
    try {
      const run = await this.store.find(id, owner);
      if (run?.status === 'queued' || run?.status === 'running')
        await settleInTime(news, this.clock, WORK_LIMIT_MS, () => 'look');
    } finally {
      leave();
    }
  }

  /** @returns undefined if another answer was faster, or the run is active */
  async #tryAnswer({ run, values, param, segment, watch }: AnswersToRun): Promise<AnsweredRun | undefined> {
    const waits = await this.list(run);
    const known = values.map(({ name, value }) => ({ value, wait: this.#find(run, waits, name, value) }));
    const fresh = known.filter(({ wait }) => wait.answer === undefined);
    const [first] = fresh;
    if (first === undefined) return findRepeated(run, waits, known);
    if (run.ending !== undefined) throw makeNotWaitingError(first.wait.name);
    const checked = await Promise.all(
      fresh.map(async ({ wait, value }) => ({ node: wait.node, json: await this.#check(run, wait, value, param) })),
    );
    const kept = await this.store.answer({ run: run.id, values: checked, segment });
    if (kept === undefined) {
      const now = await this.store.find(run.id, run.owner);
      if (now === undefined || now.ending !== undefined) throw makeNotWaitingError(first.wait.name);
      return undefined;
    }
    const answered = new Set(checked.map(({ node }) => node));
    const goesOn = kept.status !== 'waiting';
    const open = goesOn ? [] : waits.filter(({ node, answer }) => answer === undefined && !answered.has(node));
    if (goesOn && watch !== undefined) this.works.keepWatch(run.id, watch);
    if (goesOn) await this.lost.put(makeJob(kept));
    this.works.hub.wake(run.id);
    return { run: kept, segment: segment?.id, isRepeated: false, open };
  }

  /** @throws NotFoundError, ConflictError as {@link answer} */
  #find(run: LoggedRun, waits: readonly KeptWait[], name: string, value: unknown): KeptWait {
    const wait = waits.find((other) => other.name === name);
    if (wait === undefined) {
      if (this.#listDeclared(run).some((declared) => declared.name === name)) throw makeNotWaitingError(name);
      throw new NotFoundError(`There is no wait "${name.slice(0, 64)}" in the run ${run.id}.`, {
        code: 'wait_not_found',
      });
    }
    const { answer } = wait;
    if (answer === undefined) return wait;
    if (answer.isExpired === true)
      throw new ConflictError(
        `Nobody answered "${name}" in time, and the run ${run.id} has continued: its events and segments show the result.`,
        'wait_expired',
      );
    if (this.#simplify(run, wait, answer.value) !== this.#simplify(run, wait, value))
      throw new ConflictError(
        `"${name}" has another answer already, and the first one counts.`,
        'wait_already_answered',
      );
    return wait;
  }

  /**
   * Writes an answer as sorted JSON, without fields that the step does not get, so that equal answers are equal texts.
   */
  #simplify(run: LoggedRun, { node }: KeptWait, value: unknown): string {
    const declared = this.#listDeclared(run).find((wait) => wait.node === node);
    try {
      return writeSortedJson(declared === undefined ? value : declared.answer.read(JSON.stringify(value)));
    } catch (error) {
      if (!(error instanceof StructuredOutputError)) throw error;
      return writeSortedJson(value);
    }
  }

  #listDeclared({ workflow }: LoggedRun): readonly CompiledWait[] {
    return this.workflows.find(workflow)?.waits ?? [];
  }

  /** @returns the value as JSON */
  async #check(
    run: LoggedRun,
    { name, node }: KeptWait,
    value: unknown,
    param: AnswersToRun['param'],
  ): Promise<string> {
    const declared = this.#listDeclared(run).find((wait) => wait.node === node);
    if (declared === undefined) {
      throw new OverloadedError(
        `This server does not have the workflow that waits for "${name}". Another one may: send the answer again.`,
        { code: 'workflow_unavailable', retryAfterMs: RETRY_AFTER_MS },
      );
    }
    const json = JSON.stringify(value);
    try {
      await settleInTime(declared.answer.parse(json), this.clock, RULES_LIMIT_MS, () => {
        throw new Error(`The rules of the answer to "${name}" have not ended after ${RULES_LIMIT_MS} ms`);
      });
    } catch (error) {
      if (!(error instanceof StructuredOutputError)) throw error;
      const message = `The answer to "${name}" does not fit, and the run still waits for one: ${error.faults.join('; ')}.`;
      throw new InvalidRequestError(message, { code: 'invalid_value', param });
    }
    // Fields that the workflow does not know are not stored.
    return JSON.stringify(declared.answer.read(json));
  }

  /** Searches for expired waits at this time, unless an earlier search is planned. */
  #lookAt(at: number): void {
    if (at >= this.#nextAt || this.runs.draining) return;
    this.#timer?.cancel();
    this.#nextAt = at;
    const ms = Math.min(Math.max(at - this.clock.now(), 0), MAX_TIMER_MS);
    this.#timer = this.clock.after(ms, () => void this.watch());
  }

  async #expire(): Promise<void> {
    const { runs, nextAt } = await this.store.expireWaits();
    for (const run of runs) {
      await this.lost.put(makeJob(run));
      this.works.hub.wake(run.id);
    }
    if (nextAt !== undefined) this.#lookAt(Math.max(nextAt, this.clock.now() + 1));
    // Runs also begin to wait in other processes.
    if (this.store.isShared) this.#lookAt(this.clock.now() + LOOK_EVERY_MS);
  }
}

/** An answer, and the stored wait that it is for. */
interface GivenAnswer {
  readonly wait: KeptWait;
  readonly value: unknown;
}

/** The outcome of answers that were all given before. */
function findRepeated(run: LoggedRun, waits: readonly KeptWait[], given: readonly GivenAnswer[]): AnsweredRun {
  const outcomes = given.flatMap(({ wait }) => wait.answer ?? []);
  const { at, order, segment } = outcomes.reduce((last, next) => (next.order > last.order ? next : last));
  const open = waits.filter(({ askedAt, answer }) => askedAt <= at && (answer === undefined || answer.order > order));
  return { run, segment, isRepeated: true, open };
}

function makeNotWaitingError(name: string): ConflictError {
  return new ConflictError(`The run does not wait for "${name}" now.`, 'not_waiting');
}
