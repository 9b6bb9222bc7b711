import { Injectable } from '@nestjs/common';
import type { RunWaiting } from '../../../engine/index.js';
import { type LoggedRun, LoggedRuns, RunWaits, type RunToLog } from '../../../runs/index.js';
import type { TakenRequest } from '../request-intake.service.js';
import { type GivenOutputs, makeAnsweredElsewhereError, WaitAnswers } from '../waits/wait-answers.service.js';
import { findSegment, type ClientSegment } from './client-segment.js';

/** A run to begin, whose first segment has an id. */
type NewSegment = Omit<RunToLog, 'owner' | 'admission'> & Required<Pick<RunToLog, 'segment'>>;

/** The caller, and its admission. */
export type Asker = Pick<TakenRequest, 'caller' | 'admission'>;

/** A segment begun by a request, or by an earlier equal request. */
export interface StartedSegment {
  readonly run: LoggedRun;
  readonly segment: ClientSegment;
  readonly isRepeated: boolean;
}

/** The result of an answer while its run waits for others: no segment, and the open calls. */
export interface StillWaiting {
  readonly run: LoggedRun;
  /** Its id for clients: the same for equal answers. */
  readonly id: string;
  readonly isRepeated: boolean;
  readonly open: RunWaiting;
  /** In milliseconds since the Unix epoch. */
  readonly answeredAt: number;
}

/** Begins runs that clients see under ids of a door, and continues them when clients answer. */
@Injectable()
export class ClientSegments {
  constructor(
    private readonly runs: LoggedRuns,
    private readonly answers: WaitAnswers,
    private readonly waits: RunWaits,
  ) {}

  /**
   * Begins a run with a segment. When this resolves, it is stored and can be read.
   * @throws RateLimitedError, OverloadedError, IdempotencyKeyReusedError as {@link LoggedRuns.start}
   */
  async start(asked: NewSegment, { caller, admission }: Asker): Promise<StartedSegment> {
    const { run, isRepeated } = await this.runs.start({ ...asked, owner: caller.id, admission: admission.detach() });
    const segment = findSegment(run, run.segments[0]?.id ?? '');
    if (segment === undefined) throw new Error(`The run ${run.id} has no segment`);
    return { run, segment, isRepeated };
  }

  /**
   * Answers the waits of a run. When this resolves, the answer is stored. The run has an admission of its own.
   * @param prefix of the ids of the door
   * @returns the segment that continues, unless the run waits for more
   * @throws what {@link WaitAnswers.answer} throws; ConflictError if the same was answered by another protocol
   */
  async answer(
    given: Omit<GivenOutputs, 'owner'>,
    prefix: string,
    { caller, admission }: Asker,
  ): Promise<StartedSegment | StillWaiting> {
    const detached = admission.detach();
    const { run, segment: id, isRepeated, open } = await this.answers.answer({ ...given, owner: caller.id });
    if (isRepeated) detached.cancel();
    else detached.end();
    if (id === undefined || !id.startsWith(prefix)) throw makeAnsweredElsewhereError(run);
    const segment = findSegment(run, id);
    if (segment !== undefined) return { run, segment, isRepeated };
    const waits = await this.waits.list(run);
    const answeredAt = waits.find(({ answer }) => answer?.segment === id)?.answer?.at ?? 0;
    return { run, id, isRepeated, open: { type: 'run-waiting', seq: 0, waits: open, contentLength: 0 }, answeredAt };
  }
}
