import { Injectable } from '@nestjs/common';
import type { Caller } from '../../../access/index.js';
import type { JsonObject } from '../../../kernel/index.js';
import { type LoggedRun, LoggedRuns } from '../../../runs/index.js';
import type { ResponseFold } from '../response-fold.js';
import type { StoredResponse } from '../state/response-state.js';
import { makeBackgroundFold } from './background-head.js';

/** The name of this door in the runs that it begins. */
export const RESPONSES_DOOR = 'responses';

/** Responses in the background, as the logs of their runs tell them. */
@Injectable()
export class BackgroundLog {
  constructor(private readonly runs: LoggedRuns) {}

  /** A response as it is now. @returns undefined if there is none, or it is another caller's */
  async find(id: string, owner: Caller): Promise<StoredResponse | undefined> {
    const run = await this.findRun(id, owner);
    if (run === undefined) return undefined;
    const { response } = await this.fold(run);
    return { response, context: await this.findContext(run) };
  }

  /** The run that tells a response. @returns undefined as for {@link find} */
  async findRun(id: string, owner: Caller): Promise<LoggedRun | undefined> {
    const run = await this.runs.find(id, owner.id);
    // Not what another door tells of a run, and not the run itself.
    const isOurs = run?.door === RESPONSES_DOOR && run.segments.some((segment) => segment.id === id);
    return isOurs && run.hasLog ? run : undefined;
  }

  /** Folds what a log has now. */
  async fold({ id, head }: Pick<LoggedRun, 'id' | 'head'>): Promise<ResponseFold> {
    const fold = makeBackgroundFold(head);
    fold.open();
    for await (const event of this.runs.readSoFar(id)) fold.next(event, event.at);
    return fold;
  }

  /** The items that a run was asked. */
  async findContext({ id }: Pick<LoggedRun, 'id'>): Promise<readonly JsonObject[]> {
    return ((await this.runs.findMemo(id)) ?? []) as readonly JsonObject[];
  }

  /** Removes a response; one that is running is cancelled before. @returns false as {@link find} finds none */
  async remove(id: string, owner: Caller): Promise<boolean> {
    const run = await this.findRun(id, owner);
    return run !== undefined && this.runs.remove(run.id, owner.id);
  }
}
