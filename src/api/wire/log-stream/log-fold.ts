import type { LoggedEvent } from '../../../runs/index.js';

/** A piece of a stream that a client can name to go on behind it. */
export interface LogFrame {
  /** Grows from frame to frame, and is the same whenever the log is told. */
  readonly number: number;
  /** The whole event as a stream has it, without a line for its number. */
  readonly frame: string;
  /** True if more frames follow that have to be read with it: nobody can go on behind it. Absent: false. */
  readonly isPart?: boolean;
  /** True if a client that comes back by itself is to begin at the start again: it forgets the number that it has. Absent: false. */
  readonly rewinds?: boolean;
}

/**
 * Tells the log of one run in the form of a door's protocol. A pure fold: the same events give the same frames, so that every
 * reader gets the same ones under the same numbers.
 */
export interface LogFold {
  /** What follows the last event of every stream; empty if nothing does. */
  readonly ending: string;
  /** True once there is nothing more for this reader, although the log may go on. Absent: false. */
  readonly hasEnded?: boolean;
  /** When a frame is due that shows life, if the run is silent until then. Milliseconds since the Unix epoch; absent: never. */
  readonly nextBeatAt?: number | undefined;
  /** The first frames, before the first event of the log. */
  open(): readonly LogFrame[];
  /** @param number of the event in its log */
  next(event: LoggedEvent, number: number): readonly LogFrame[];
  /** The last frames of a run that is removed under the eyes of its reader. @param at the time now */
  remove(at: number): readonly LogFrame[];
  /** The frames that show life if the run has been silent until `at`. */
  beat?(at: number): readonly LogFrame[];
}
