import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { AppConfig } from '../../../config/index.js';
import type { RunFailed } from '../../../engine/index.js';
import { ReplayedError, RunLeftError } from '../../../errors/index.js';
import { findRecord } from '../../../http/index.js';
import { Cancellation, Clock, type Timer } from '../../../kernel/index.js';
import {
  guardCallback,
  isLastEvent,
  type LoggedEvent,
  type LogFollower,
  LoggedRuns,
  precedesAttempt,
} from '../../../runs/index.js';
import { Gate } from '../../../streaming/index.js';
import { addRunHeaders } from '../run-headers.js';
import { EventStreamWriter } from '../event-stream-writer.js';
import { passTraceId } from '../run-stream.js';
import type { LogFold, LogFrame } from './log-fold.js';
import { makeLeftError, type LeftAdvice } from './read-log.js';
import { makeTruncatedError } from './read-position.js';
import { type ClientSegment, findFirstEvent } from './client-segment.js';

/** The streamed part of a run. The fold gets the event before it, too, if there is one. */
type StreamedSegment = Pick<ClientSegment, 'run' | 'from' | 'isOver'>;

/** How a client reads a log. */
interface LogStreamOptions {
  /** Number of the last frame that the client has; -1: none. */
  readonly after: number;
  /** True if each frame repeats its number where browsers read it. */
  readonly hasIds: boolean;
  /** True for a client that reads a run of another request: it gets the pause before it reconnects. */
  readonly isLater: boolean;
  /** True if the client gets a 204 when nothing is left for it, so that it stops reconnecting. */
  readonly endsEmpty: boolean;
  /**
   * True if frames have numbers of their own in place of those of events: only at the end of an ended run is it known
   * whether the client's number is too high. Absent: false.
   */
  readonly countsFrames?: boolean;
  /**
   * How long the status line may wait for the first output, in milliseconds, so that a run that fails at once becomes
   * an HTTP error. Absent: it does not wait.
   */
  readonly holdMs?: number;
  /** The advice for its client if this process has to leave the run. Absent: to continue from its position. */
  readonly left?: LeftAdvice;
}

const READ_AGAIN: LeftAdvice = { advice: 'Read on from your position.', isRepeatable: true };

/** Pause before a browser opens a stream again, in milliseconds. */
const RETRY_MS = 2_000;

/**
 * Placed before the first line with data, not as an event of its own: some clients (openai-python) take an event with
 * only this field for one with empty data, and fail.
 */
const RETRY_LINE = `retry: ${RETRY_MS}\n`;

/** Streams runs from their logs. Every reader gets the same frames. */
@Injectable()
export class LogStreamer {
  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly runs: LoggedRuns,
  ) {}

  /**
   * Streams a run to its end or that of the fold, or until the client leaves, without delaying the run.
   * @param fold still empty
   * @throws OverloadedError if the store is unavailable before anything was sent; ReplayedError if the run fails before
   *   that, and the status line waits; RunLeftError if this process has to leave the run before that; GoneError if the
   *   client's position is beyond the end of an ended run
   */
  async stream(segment: StreamedSegment, fold: LogFold, response: Response, options: LogStreamOptions): Promise<void> {
    if (response.destroyed) return;
    const { run, from, isOver } = segment;
    addRunHeaders(response, run.id);
    const gate = new Gate();
    const fault = new Cancellation();
    const { heartbeatMs } = this.config.stream;
    const metrics = findRecord(response).openStream();
    const writer = new EventStreamWriter(response, gate, this.clock, heartbeatMs, metrics, fault);
    const follower = this.runs.follow(run.id, findFirstEvent(segment));
    const parts: LogStreamParts = {
      ...options,
      from,
      opensLate: isOver && !options.endsEmpty && options.countsFrames === true,
      writer,
      follower,
      fault,
      clock: this.clock,
      makeLeftError: () => makeLeftError(this.runs, options.left ?? READ_AGAIN),
    };
    const stream = new LogStream(response, fold, parts);
    fault.addEventListener('abort', () => response.destroy());
    if (options.holdMs !== undefined) stream.hold(options.holdMs);
    else if (!parts.opensLate && (!options.endsEmpty || !isOver)) writer.open();
    try {
      await stream.run(gate);
    } catch (error) {
      if (!writer.isOpen) {
        writer.release();
        throw error;
      }
      if (error instanceof RunLeftError) findRecord(response).setFailure(error);
      // There is more of it: a client that is cut off continues from its position.
      response.destroy();
    }
  }

  /**
   * Sends a complete stream.
   * @param frames all of it
   */
  send(frames: string, response: Response): void {
    const { heartbeatMs } = this.config.stream;
    const metrics = findRecord(response).openStream();
    new EventStreamWriter(response, new Gate(), this.clock, heartbeatMs, metrics, new Cancellation()).end(frames);
  }
}

interface LogStreamParts extends LogStreamOptions {
  /** Number of the first event. */
  readonly from: number;
  /** True if the stream opens only once its position is known to exist. */
  readonly opensLate: boolean;
  readonly writer: EventStreamWriter;
  readonly follower: LogFollower;
  readonly fault: Cancellation;
  readonly clock: Clock;
  readonly makeLeftError: () => RunLeftError;
}

/** One reader of one log. */
class LogStream {
  readonly #response: Response;
  readonly #fold: LogFold;
  readonly #parts: LogStreamParts;
  readonly #onBeat: () => void;
  /** Number of the next event. */
  #next: number;
  /** Number of the last frame so far. */
  #last = -1;
  /** The text before the first frame. */
  #head: string;
  /** The frames that wait with the status line. */
  #held = '';
  #hold: Timer | undefined;
  #beat: Timer | undefined;

  constructor(response: Response, fold: LogFold, parts: LogStreamParts) {
    this.#response = response;
    this.#fold = fold;
    this.#parts = parts;
    this.#next = findFirstEvent(parts);
    this.#head = parts.isLater ? RETRY_LINE : '';
    this.#onBeat = guardCallback(parts.fault, () => this.#showLife());
    response.once('close', () => {
      this.#beat?.cancel();
      this.#hold?.cancel();
      parts.follower.close();
    });
  }

  /** Makes the status line wait, for at most this many milliseconds. */
  hold(ms: number): void {
    const { clock, fault, writer } = this.#parts;
    this.#hold = clock.after(
      ms,
      guardCallback(fault, () => {
        this.#letGo();
        writer.open();
      }),
    );
  }

  async run(gate: Gate): Promise<void> {
    const { follower, clock } = this.#parts;
    this.#write(this.#fold.open());
    for (;;) {
      this.#waitForBeat();
      const events = await follower.next();
      this.#beat?.cancel();
      if (this.#response.destroyed) return;
      if (events === 'released') throw this.#parts.makeLeftError();
      if (events === 'gone') this.#write(this.#fold.remove(clock.now()));
      if (events === 'over' || events === 'gone') break;
      if (this.#writeAll(events)) break;
      if (!gate.isOpen) await gate.waitUntilOpen();
    }
    this.#end();
  }

  /** @returns true if there is nothing more to write */
  #writeAll(events: readonly LoggedEvent[]): boolean {
    for (const event of events) {
      if (this.#next >= this.#parts.from) this.#see(event);
      this.#write(this.#fold.next(event, this.#next++), event.type === 'delta');
      if (this.#fold.hasEnded === true) return true;
    }
    return false;
  }

  /** Handles an event while the status line is not sent. */
  #see(event: LoggedEvent): void {
    if (this.#parts.writer.isOpen) return;
    passTraceId(event, (traceId) => this.#response.setHeader('x-trace-id', traceId));
    if (this.#hold === undefined) return;
    if (event.type === 'run-failed') this.#refuse(event);
    if (event.type === 'delta' || (isLastEvent(event) && !precedesAttempt(event))) this.#letGo();
  }

  #refuse({ error, outcome, node }: RunFailed): never {
    this.#hold?.cancel();
    findRecord(this.#response).setReplayedFailure({ code: error.code ?? error.type, node });
    throw new ReplayedError(error, outcome);
  }

  /** Stops waiting with the status line. */
  #letGo(): void {
    this.#hold?.cancel();
    this.#hold = undefined;
    this.#parts.writer.write(this.#held);
    this.#held = '';
  }

  #end(): void {
    const { writer, follower, endsEmpty, opensLate, countsFrames = false, after } = this.#parts;
    follower.close();
    this.#letGo();
    if (countsFrames && after > this.#last && !writer.isOpen) throw makeTruncatedError(after);
    if (opensLate) writer.open();
    if (endsEmpty && !writer.isOpen) {
      writer.release();
      this.#response.status(204).end();
    } else writer.end(this.#fold.ending);
  }

  #write(frames: readonly LogFrame[], areTokens = false): void {
    const { after, hasIds, isLater, opensLate, writer } = this.#parts;
    let text = '';
    for (const each of frames) {
      this.#last = each.number;
      if (each.number > after) text += hasIds ? writeId(each) + each.frame : each.frame;
    }
    if (text === '') return;
    if (this.#hold !== undefined) {
      this.#held += text;
      return;
    }
    if (opensLate) writer.open();
    if (areTokens && !isLater) writer.announceTokens();
    writer.write(this.#head + text);
    this.#head = '';
  }

  /** Only if this reader has seen all events: otherwise other readers would get other numbers. */
  #showLife(): void {
    const at = this.#parts.follower.quietAt;
    if (at === undefined || this.#response.destroyed) return;
    this.#write(this.#fold.beat?.(at) ?? []);
    this.#waitForBeat();
  }

  #waitForBeat(): void {
    const { clock } = this.#parts;
    const at = this.#fold.nextBeatAt;
    if (at !== undefined) this.#beat = clock.after(Math.max(1, at - clock.now()), this.#onBeat);
  }
}

function writeId({ number, isPart = false, rewinds = false }: LogFrame): string {
  if (rewinds) return 'id:\n';
  return isPart ? '' : `id: ${number}\n`;
}
