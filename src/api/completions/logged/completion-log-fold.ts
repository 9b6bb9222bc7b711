import type { RunFailed } from '../../../engine/index.js';
import { RunAbortedError, type RunError, toRunError } from '../../../errors/index.js';
import { beginsWait, type LoggedEvent } from '../../../runs/index.js';
import { DONE_FRAME, type LogFold, type LogFrame, SegmentEvents } from '../../wire/index.js';
import { CompletionEncoder } from '../completions.encoder.js';
import { readLoggedHead } from './logged-head.js';
import { Voids } from './voids.js';

/** The position of one reader of a completion. */
interface ReaderState {
  /** Number of the first event of the completion. Absent: 0. */
  readonly from?: number;
  /** Number of the last frame that the reader has; -1: none. */
  readonly after: number;
  /** The void parts that are known before it reads. */
  readonly voids: Voids;
}

const NONE: readonly LogFrame[] = [];
/** After each frame of several. */
const FRAME_END = /(?<=\n\n)/;
/** Number of frames that every reader gets, whatever its position. */
const LAST = Number.MAX_SAFE_INTEGER;

/**
 * Replays a completion from the log of its run for one reader.
 *
 * A frame's number is that of its event. If an event makes several frames, those before its last one get unused smaller
 * numbers, so that a client that is cut off between two of them gets the rest and nothing twice. If no such number is
 * left, they have none and are sent again.
 */
export class CompletionLogFold implements LogFold {
  readonly ending = DONE_FRAME;
  readonly #encoder: CompletionEncoder;
  readonly #events: SegmentEvents;
  readonly #voids: Voids;
  readonly #isMisled: boolean;
  /** Number of the last frame. */
  #last = -1;
  #hasEnded = false;

  /** @param json its head, as stored with the log */
  constructor(json: string, { from = 0, after, voids }: ReaderState = { after: -1, voids: new Voids() }) {
    const head = readLoggedHead(json);
    this.#encoder = new CompletionEncoder(head);
    this.#events = new SegmentEvents({ from, separator: head.separator ?? '' });
    this.#voids = voids;
    this.#isMisled = voids.hasMisled(after);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  open(): readonly LogFrame[] {
    return NONE;
  }

  next(event: LoggedEvent, number: number): readonly LogFrame[] {
    if (this.#isMisled || (event.type === 'node-restarted' && !this.#voids.isKnown(number))) return this.#restart();
    if (this.#voids.holds(event, number)) return NONE;
    const told = this.#events.take(event, number);
    if (told === undefined) return NONE;
    this.#hasEnded = beginsWait(told);
    return this.#number(this.#encoder.next(told), number);
  }

  remove(): readonly LogFrame[] {
    return [this.#encodeFailure(toRunError(new RunAbortedError('cancelled')))];
  }

  /** Chunks cannot be taken back. */
  #restart(): readonly LogFrame[] {
    this.#hasEnded = true;
    // A browser would reconnect with its number again and again.
    return [{ ...this.#encodeFailure(RESTARTED), rewinds: true }];
  }

  #encodeFailure(error: RunFailed['error']): LogFrame {
    return { number: LAST, frame: this.#encoder.encodeFailure({ error }), isPart: true };
  }

  #number(frames: string, number: number): readonly LogFrame[] {
    if (frames === '') return NONE;
    const pieces = frames.split(FRAME_END);
    return pieces.map((frame, place) => {
      const left = pieces.length - 1 - place;
      const own = Math.max(number - left, this.#last + 1);
      if (left > 0 && own >= number) return { number, frame, isPart: true };
      this.#last = left === 0 ? number : own;
      return { number: this.#last, frame };
    });
  }
}

const RESTARTED: RunError = {
  status: 503,
  code: 'run_restarted',
  type: 'server_error',
  message:
    'The process of this run has ended, and the output of its last step is void: the step sends all of it again. Read the completion again from its start.',
  param: null,
};
