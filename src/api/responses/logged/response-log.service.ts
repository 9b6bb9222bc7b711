import { Injectable } from '@nestjs/common';
import type { Caller } from '../../../access/index.js';
import type { JsonObject } from '../../../kernel/index.js';
import { LoggedRuns } from '../../../runs/index.js';
import { collectSegmentSoFar, findSegment, type ClientSegment } from '../../wire/index.js';
import type { StoredResponse } from '../state/response-state.js';
import { readLoggedHead } from './logged-head.js';
import { ResponseLogFold } from './response-log-fold.js';

/** The prefix of this door's response ids. */
export const ID_PREFIX = 'resp_';

/** Reads responses of logged runs from their logs. */
@Injectable()
export class ResponseLog {
  constructor(private readonly runs: LoggedRuns) {}

  /**
   * A response as it is now: a background response, or a complete one to be stored.
   * @returns undefined if there is none, or it belongs to another caller
   */
  async find(id: string, owner: Caller): Promise<StoredResponse | undefined> {
    const segment = await this.#findSegment(id, owner);
    if (segment === undefined || isOneOfSeveral(segment)) return undefined;
    const { background, store } = readLoggedHead(segment.head).head;
    if (!background && !(store && segment.isOver)) return undefined;
    const found = await this.#read(segment);
    return background || COMPLETE.has(found.response.status) ? found : undefined;
  }

  /**
   * A response whose run has not reached its end.
   * @returns undefined if there is none, or it belongs to another caller
   */
  async findActive(id: string, owner: Caller): Promise<StoredResponse | undefined> {
    const segment = await this.#findSegment(id, owner);
    return segment === undefined || segment.isOver ? undefined : this.#read(segment);
  }

  /**
   * A background response.
   * @returns undefined as for {@link find}
   */
  async findInBackground(id: string, owner: Caller): Promise<ClientSegment | undefined> {
    const segment = await this.#findSegment(id, owner);
    return segment !== undefined && readLoggedHead(segment.head).head.background ? segment : undefined;
  }

  /** Folds the events of a response so far. */
  async fold(segment: ClientSegment): Promise<ResponseLogFold> {
    const fold = new ResponseLogFold(segment);
    fold.open();
    await collectSegmentSoFar(this.runs, segment, fold);
    return fold;
  }

  /** The input items of a response. */
  async findContext({ head, run }: ClientSegment): Promise<readonly JsonObject[]> {
    return readLoggedHead(head).context ?? (((await this.runs.findMemo(run.id)) ?? []) as readonly JsonObject[]);
  }

  /**
   * Removes a response from its log: the whole run if the response is its only segment. An active run is cancelled
   * first.
   * @param isStored true if it is stored beside the log
   * @returns false if its caller can see nothing of it
   */
  async remove(id: string, owner: Caller, isStored: boolean): Promise<boolean> {
    const segment = await this.#findSegment(id, owner);
    if (segment === undefined || (!isStored && (await this.find(id, owner)) === undefined)) return false;
    const { run, isLast } = segment;
    if (run.segments.length === 1) return this.runs.remove(run.id, owner.id);
    if (isLast) await this.runs.cancel(run.id, owner.id);
    return true;
  }

  async #read(segment: ClientSegment): Promise<StoredResponse & Pick<ResponseLogFold, 'response'>> {
    const { response } = await this.fold(segment);
    return { response, context: await this.findContext(segment) };
  }

  /** @returns undefined if there is none with this id, or nothing of it is left */
  async #findSegment(id: string, owner: Caller): Promise<ClientSegment | undefined> {
    if (!id.startsWith(ID_PREFIX)) return undefined;
    const run = await this.runs.find(id, owner.id);
    return run?.hasLog === true ? findSegment(run, id) : undefined;
  }
}

const COMPLETE: ReadonlySet<string> = new Set(['completed', 'incomplete']);

/**
 * True for an ended response whose run has other segments, too: the log stays when the response is removed, so only the
 * stored copy shows whether it still exists. False for a response that waits for an answer: its run would end with it.
 */
export function isOneOfSeveral({ run, isOver, isLast }: ClientSegment): boolean {
  return isOver && run.segments.length > 1 && !(isLast && run.status === 'waiting');
}
