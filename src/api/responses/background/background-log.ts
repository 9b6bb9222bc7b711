import { Injectable } from '@nestjs/common';
import type { Caller } from '../../../access/index.js';
import type { JsonObject } from '../../../kernel/index.js';
import { type LoggedRun, LoggedRuns } from '../../../runs/index.js';
import type { ResponseFold } from '../response-fold.js';
import type { StoredResponse } from '../state/response-state.js';
import { makeBackgroundFold } from './background-head.js';

/** Responses in the background, as the logs of their runs tell them. */
@Injectable()
export class BackgroundLog {
  constructor(private readonly runs: LoggedRuns) {}

  /** A response as it is now. @returns undefined if there is none, or it is another caller's */
  async find(id: string, owner: Caller): Promise<StoredResponse | undefined> {
    const run = await this.runs.find(id, owner.id);
    if (run === undefined) return undefined;
    const { response } = await this.fold(run);
    return { response, context: await this.findContext(id) };
  }

  /** Folds what a log has now. */
  async fold({ id, head }: Pick<LoggedRun, 'id' | 'head'>): Promise<ResponseFold> {
    const fold = makeBackgroundFold(head);
    fold.open();
    for await (const event of this.runs.readSoFar(id)) fold.next(event, event.at);
    return fold;
  }

  /** The items that a run was asked. */
  async findContext(id: string): Promise<readonly JsonObject[]> {
    return ((await this.runs.findMemo(id)) ?? []) as readonly JsonObject[];
  }

  /** Removes a response; one that is running is cancelled before. @returns false as {@link find} finds none */
  remove(id: string, owner: Caller): Promise<boolean> {
    return this.runs.remove(id, owner.id);
  }
}
