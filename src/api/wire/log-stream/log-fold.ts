import type { LoggedEvent } from '../../../runs/index.js';

/** A piece of a stream after which a client can continue. */
export interface LogFrame {
  /** Grows from frame to frame, and is the same in each replay of the log. */
  readonly number: number;
  /** The whole event as in a stream, without the line for its number. */
  readonly frame: string;
  /** True if it belongs together with later frames, so that a client cannot continue after it. Absent: false. */
  readonly isPart?: boolean;
  /**
   * True if a client that reconnects by itself must start from the beginning, without the number that it has. Absent:
   * false.
   */
  readonly rewinds?: boolean;
}

/**
 * Converts the log of one run into a door's protocol. A pure fold: the same events give the same frames, so that every
 * reader gets the same ones with the same numbers.
 */
export interface LogFold {
  /** The frame after the last event of every stream; empty if none. */
  readonly ending: string;
  /** True once this reader needs nothing more, although the log may continue. Absent: false. */
  readonly hasEnded?: boolean;
  /**
   * When a keep-alive frame is due if the run is silent until then, in milliseconds since the Unix epoch; absent:
   * never.
   */
  readonly nextBeatAt?: number | undefined;
  /** The first frames, before the first event of the log. */
  open(): readonly LogFrame[];
  /** @param number of the event in its log */
  next(event: LoggedEvent, number: number): readonly LogFrame[];
  /**
   * The last frames for a reader whose run is removed while it reads.
   * @param at the time now
   */
  remove(at: number): readonly LogFrame[];
  /** The keep-alive frames if the run has been silent until `at`. */
  beat?(at: number): readonly LogFrame[];
}
