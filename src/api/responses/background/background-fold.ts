import type { RunFailed } from '../../../engine/index.js';
import { RunAbortedError, readOutcome, toRunError } from '../../../errors/index.js';
import type { LoggedEvent } from '../../../runs/index.js';
import { DONE_FRAME, type LogFold } from '../../wire/index.js';
import type { ResponseEvent } from '../response-events.js';
import type { ResponseFold } from '../response-fold.js';
import { makeBackgroundFold } from './background-head.js';

/** Tells a response in the background to one reader. */
export class BackgroundFold implements LogFold {
  readonly ending = DONE_FRAME;
  readonly #fold: ResponseFold;

  /** @param head as it is kept with the log */
  constructor(head: string) {
    this.#fold = makeBackgroundFold(head);
  }

  get nextBeatAt(): number | undefined {
    return this.#fold.nextBeatAt;
  }

  open(): readonly ResponseEvent[] {
    return this.#fold.open();
  }

  next(event: LoggedEvent): readonly ResponseEvent[] {
    return this.#fold.next(event, event.at);
  }

  remove(at: number): readonly ResponseEvent[] {
    return this.#fold.next(makeCancelled(), at);
  }

  beat(at: number): readonly ResponseEvent[] {
    return this.#fold.beat(at);
  }
}

/** For readers whose response is removed under their eyes. */
function makeCancelled(): RunFailed {
  const error = new RunAbortedError('cancelled');
  return { type: 'run-failed', seq: 0, error: toRunError(error), outcome: readOutcome(error) };
}
