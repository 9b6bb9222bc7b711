import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { AppConfig } from '../../../config/index.js';
import type { RunFailed } from '../../../engine/index.js';
import { RetoldError, RunLeftError } from '../../../errors/index.js';
import { findRecord } from '../../../http/index.js';
import { Cancellation, Clock, type Timer } from '../../../kernel/index.js';
import { guardCallback, type LoggedEvent, type LogFollower, LoggedRuns } from '../../../runs/index.js';
import { Gate } from '../../../streaming/index.js';
import { addRunHeaders } from '../run-headers.js';
import { EventStreamWriter } from '../event-stream-writer.js';
import type { LogFold, LogFrame } from './log-fold.js';
import { makeLeftError, type RunLeft } from './read-log.js';
import { makeTruncatedError } from './read-position.js';
import { findFirstEvent } from './told-segment.js';

/** What is streamed of a run. */
export interface StreamedLog {
  /** The run's own id. */
  readonly id: string;
  /** Number of the first event that its client sees; the one before it, if there is one, is given to the fold, too. Absent: 0. */
  readonly from?: number;
  /** True if it is known that no more events will come. */
  readonly isOver: boolean;
}

/** How a client reads a log. */
export interface LogStreamOptions {
  /** Number of the last frame that the client has; -1: none. */
  readonly after: number;
  /** True if each frame says its number once more, where browsers look for it. */
  readonly hasIds: boolean;
  /** True for a client that reads a run which another request began: it is told how soon to come back if the connection breaks. */
  readonly isLater: boolean;
  /** True if the client is not to come back when there is nothing left for it: it is given a 204 then. */
  readonly endsEmpty: boolean;
  /**
   * True if frames have numbers of their own, not those of events: only at the end of a run that is over is it known whether the client
   * has more than there is. Absent: false.
   */
  readonly countsFrames?: boolean;
  /**
   * How long the status line may wait for what the run says first, in milliseconds, so that a run that fails at once becomes an
   * HTTP error. Absent: it does not wait.
   */
  readonly holdMs?: number;
  /** What its client is told if this process has to leave the run. Absent: it reads the run again from where it is. */
  readonly left?: RunLeft;
}

const READ_AGAIN: RunLeft = { advice: 'Read it again from where you are.', isRepeatable: true };

/** For how long a browser waits before it opens a stream again, in milliseconds. */
const RETRY_MS = 2_000;

/**
 * Stands in front of the first line with data and has no event of its own: some clients (openai-python) take an event that has
 * nothing but this for one with empty data, and fail.
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
   * Streams a run to its end or that of the fold, or until the client leaves; none of it holds up the run.
   * @param fold with nothing in it yet
   * @throws OverloadedError if the store is away before anything was sent; RetoldError if the run fails before that, and the status
   *   line waits; RunLeftError if this process has to leave the run before that; GoneError if the client has more of a run that is over
   *   than there is
   */
  async stream(
    { id, from = 0, isOver }: StreamedLog,
    fold: LogFold,
    response: Response,
    options: LogStreamOptions,
  ): Promise<void> {
    if (response.destroyed) return;
    addRunHeaders(response, id);
    const gate = new Gate();
    const fault = new Cancellation();
    const { heartbeatMs } = this.config.stream;
    const metrics = findRecord(response).openStream();
    const writer = new EventStreamWriter(response, gate, this.clock, heartbeatMs, metrics, fault);
    const follower = this.runs.follow(id, findFirstEvent({ from }));
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
      // There is more of it: a client that is cut off asks again from where it was.
      response.destroy();
    }
  }

  /** Sends a stream that is known from its beginning to its end. @param frames all of it */
  send(frames: string, response: Response): void {
    const { heartbeatMs } = this.config.stream;
    const metrics = findRecord(response).openStream();
    new EventStreamWriter(response, new Gate(), this.clock, heartbeatMs, metrics, new Cancellation()).end(frames);
  }
}

interface LogStreamParts extends LogStreamOptions {
  /** Number of the first event. */
  readonly from: number;
  /** True if the stream opens only once it is known that there is what the client asks for. */
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
  /** What stands in front of the first frame. */
  #head: string;
  /** What waits with the status line. */
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

  /** The status line waits for so many milliseconds at most. */
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

  /** @returns true if nothing more is to be written */
  #writeAll(events: readonly LoggedEvent[]): boolean {
    for (const event of events) {
      if (this.#next >= this.#parts.from) this.#see(event);
      this.#write(this.#fold.next(event, this.#next++), event.type === 'delta');
      if (this.#fold.hasEnded === true) return true;
    }
    return false;
  }

  /** What an event changes as long as the status line is not sent. */
  #see(event: LoggedEvent): void {
    if (this.#parts.writer.isOpen) return;
    if (event.type === 'run-started' && event.traceId !== undefined) {
      this.#response.setHeader('x-trace-id', event.traceId);
    }
    if (this.#hold === undefined) return;
    if (event.type === 'run-failed') this.#refuse(event);
    if (event.type === 'delta' || event.type === 'run-finished' || event.type === 'run-waiting') this.#letGo();
  }

  #refuse({ error, outcome, node }: RunFailed): never {
    this.#hold?.cancel();
    findRecord(this.#response).setReplayedFailure({ code: error.code ?? error.type, node });
    throw new RetoldError(error, outcome);
  }

  /** Nothing waits for the status line any more. */
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

  /** Only if nothing has happened that this reader has not seen: else others would count in another way. */
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
