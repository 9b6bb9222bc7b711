import type { RunFailed } from '../../../engine/index.js';
import { RunAbortedError, readOutcome, toRunError } from '../../../errors/index.js';
import { beginsWait, type LoggedEvent } from '../../../runs/index.js';
import { DONE_FRAME, type LogFold, SegmentEvents, type ClientSegment } from '../../wire/index.js';
import type { ResponseEvent } from '../response-events.js';
import { ResponseEncoder } from '../responses.encoder.js';
import type { ResponseObject } from '../response-object.js';
import { readLoggedHead } from './logged-head.js';

const NONE: readonly ResponseEvent[] = [];

/** Replays a response from the log of its run. */
export class ResponseLogFold implements LogFold {
  readonly ending = DONE_FRAME;
  readonly #encoder: ResponseEncoder;
  readonly #events: SegmentEvents;
  #hasEnded = false;

  constructor({ head: json, from }: Pick<ClientSegment, 'head' | 'from'>) {
    const { head, phases, nodeEvents, separator = '' } = readLoggedHead(json);
    this.#encoder = new ResponseEncoder(head, { phases: new Map(phases), nodeEvents });
    this.#events = new SegmentEvents({ from, separator });
  }

  /** The Response as it is now. */
  get response(): ResponseObject {
    return this.#encoder.response;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get nextBeatAt(): number | undefined {
    return this.#encoder.nextBeatAt;
  }

  open(): readonly ResponseEvent[] {
    return this.#encoder.open();
  }

  next(event: LoggedEvent, number: number): readonly ResponseEvent[] {
    const told = this.#events.take(event, number);
    if (told === undefined || this.#hasEnded) return NONE;
    this.#hasEnded = beginsWait(told);
    return this.#encoder.next(told, told.at);
  }

  remove(at: number): readonly ResponseEvent[] {
    return this.#encoder.next(makeCancelled(), at);
  }

  beat(at: number): readonly ResponseEvent[] {
    return this.#encoder.beat(at);
  }
}

/** For readers whose response is removed while they read. */
function makeCancelled(): RunFailed {
  const error = new RunAbortedError('cancelled');
  return { type: 'run-failed', seq: 0, error: toRunError(error), outcome: readOutcome(error) };
}
