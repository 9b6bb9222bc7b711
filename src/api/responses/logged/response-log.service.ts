import { Injectable } from '@nestjs/common';
import type { Caller } from '../../../access/index.js';
import type { JsonObject } from '../../../kernel/index.js';
import { LoggedRuns } from '../../../runs/index.js';
import { findFirstEvent, findSegment, type ToldSegment } from '../../wire/index.js';
import type { StoredResponse } from '../state/response-state.js';
import { readLoggedHead } from './logged-head.js';
import { ResponseLogFold } from './response-log-fold.js';

/** What clients call the responses of this door. */
export const ID_PREFIX = 'resp_';

/** Responses whose runs are logged, as their logs tell them. */
@Injectable()
export class ResponseLog {
  constructor(private readonly runs: LoggedRuns) {}

  /**
   * A response as it is now: one in the background, or one that is to be stored and is complete.
   * @returns undefined if there is none, or it is another caller's
   */
  async find(id: string, owner: Caller): Promise<StoredResponse | undefined> {
    const segment = await this.#findSegment(id, owner);
    if (segment === undefined || isOneOfSeveral(segment)) return undefined;
    const { background, store } = readLoggedHead(segment.head).head;
    if (!background && !(store && segment.isOver)) return undefined;
    const { response } = await this.fold(segment);
    if (!background && !COMPLETE.has(response.status)) return undefined;
    return { response, context: await this.findContext(segment) };
  }

  /** A response that was asked to be made in the background. @returns undefined as for {@link find} */
  async findInBackground(id: string, owner: Caller): Promise<ToldSegment | undefined> {
    const segment = await this.#findSegment(id, owner);
    return segment !== undefined && readLoggedHead(segment.head).head.background ? segment : undefined;
  }

  /** Folds what a log has of a response now. */
  async fold(segment: ToldSegment): Promise<ResponseLogFold> {
    const fold = new ResponseLogFold(segment);
    fold.open();
    const first = findFirstEvent(segment);
    let number = first;
    for await (const event of this.runs.readSoFar(segment.run.id, first)) {
      fold.next(event, number++);
      if (fold.hasEnded) break;
    }
    return fold;
  }

  /** The items that a response was asked. */
  async findContext({ head, run }: ToldSegment): Promise<readonly JsonObject[]> {
    return readLoggedHead(head).context ?? (((await this.runs.findMemo(run.id)) ?? []) as readonly JsonObject[]);
  }

  /**
   * Removes what a log tells of a response: the whole run if nothing else is told of it. A run that is at work for it is cancelled before.
   * @param isStored true if it is stored beside the log
   * @returns false if there is nothing of it that its caller can see
   */
  async remove(id: string, owner: Caller, isStored: boolean): Promise<boolean> {
    const segment = await this.#findSegment(id, owner);
    if (segment === undefined || (!isStored && (await this.find(id, owner)) === undefined)) return false;
    const { run, isLast } = segment;
    if (run.segments.length === 1) return this.runs.remove(run.id, owner.id);
    if (isLast) await this.runs.cancel(run.id, owner.id);
    return true;
  }

  /** @returns undefined if there is none of this id, or nothing is known of it any more */
  async #findSegment(id: string, owner: Caller): Promise<ToldSegment | undefined> {
    if (!id.startsWith(ID_PREFIX)) return undefined;
    const run = await this.runs.find(id, owner.id);
    return run?.hasLog === true ? findSegment(run, id) : undefined;
  }
}

const COMPLETE: ReadonlySet<string> = new Set(['completed', 'incomplete']);

/**
 * True for a response that has ended, of a run that others are told of as well: the log stays when it is removed, so that only what is
 * stored beside the log tells whether it is there. Not true for one that waits for an answer: its run would end with it.
 */
export function isOneOfSeveral({ run, isOver, isLast }: ToldSegment): boolean {
  return isOver && run.segments.length > 1 && !(isLast && run.status === 'waiting');
}
