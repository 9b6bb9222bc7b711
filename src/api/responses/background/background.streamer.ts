import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { AppConfig } from '../../../config/index.js';
import type { RunFailed } from '../../../engine/index.js';
import { RunAbortedError, readOutcome, toRunError } from '../../../errors/index.js';
import { findRecord } from '../../../http/index.js';
import { Cancellation, Clock, type Timer } from '../../../kernel/index.js';
import { guardCallback, type LogFollower, type LoggedRun, LoggedRuns } from '../../../runs/index.js';
import { Gate } from '../../../streaming/index.js';
import { DONE_FRAME, EventStreamWriter } from '../../wire/index.js';
import type { ResponseEvent } from '../response-events.js';
import type { ResponseFold } from '../response-fold.js';
import { makeBackgroundFold } from './background-head.js';

/** How a response is streamed from its log. */
export interface LogStreamOptions {
  /** Number of the last event that the client has; -1: none. */
  readonly after: number;
  /** True if each event says its number once more, where browsers look for it. */
  readonly hasIds: boolean;
  /** True if the client is not to come back when there is nothing left for it: it is given a 204 then. */
  readonly endsEmpty: boolean;
}

/** Streams responses from the logs of their runs. Every reader gets the same bytes. */
@Injectable()
export class BackgroundStreamer {
  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly runs: LoggedRuns,
  ) {}

  /**
   * Streams a response to its end, or until the client leaves; neither holds up its run.
   * @throws OverloadedError if the store is away before anything was sent
   */
  async stream(
    { id, head, status }: Pick<LoggedRun, 'id' | 'head' | 'status'>,
    response: Response,
    options: LogStreamOptions,
  ): Promise<void> {
    if (response.destroyed) return;
    const gate = new Gate();
    const fault = new Cancellation();
    const { heartbeatMs } = this.config.stream;
    const metrics = findRecord(response).openStream();
    const writer = new EventStreamWriter(response, gate, this.clock, heartbeatMs, metrics, fault);
    const follower = this.runs.follow(id);
    const stream = new LogStream(
      response,
      { ...options, writer, follower, fault, clock: this.clock },
      makeBackgroundFold(head),
    );
    fault.addEventListener('abort', () => response.destroy());
    const isOver = status !== 'queued' && status !== 'running';
    if (!options.endsEmpty || !isOver) writer.open();
    try {
      await stream.run(gate);
    } catch (error) {
      if (!writer.isOpen) {
        writer.release();
        throw error;
      }
      // There is more of it: a client that is cut off asks again from where it was.
      response.destroy();
    }
  }
}

interface LogStreamParts extends LogStreamOptions {
  readonly writer: EventStreamWriter;
  readonly follower: LogFollower;
  readonly fault: Cancellation;
  readonly clock: Clock;
}

/** One reader of one response. */
class LogStream {
  readonly #response: Response;
  readonly #parts: LogStreamParts;
  readonly #fold: ResponseFold;
  readonly #onBeat: () => void;
  #beat: Timer | undefined;

  constructor(response: Response, parts: LogStreamParts, fold: ResponseFold) {
    this.#response = response;
    this.#parts = parts;
    this.#fold = fold;
    this.#onBeat = guardCallback(parts.fault, () => this.#showLife());
    response.once('close', () => {
      this.#beat?.cancel();
      parts.follower.close();
    });
  }

  async run(gate: Gate): Promise<void> {
    const { follower, clock } = this.#parts;
    this.#write(this.#fold.open());
    for (;;) {
      this.#waitForBeat();
      const events = await follower.next();
      this.#beat?.cancel();
      if (this.#response.destroyed) return;
      if (events === 'gone') this.#write(this.#fold.next(makeCancelled(), clock.now()));
      if (events === 'over' || events === 'gone') break;
      for (const event of events) this.#write(this.#fold.next(event, event.at));
      if (!gate.isOpen) await gate.waitUntilOpen();
    }
    this.#end();
  }

  #end(): void {
    const { writer, endsEmpty } = this.#parts;
    if (endsEmpty && !writer.isOpen) {
      writer.release();
      this.#response.status(204).end();
    } else writer.end(DONE_FRAME);
  }

  #write(events: readonly ResponseEvent[]): void {
    const { after, hasIds, writer } = this.#parts;
    let frames = '';
    for (const { number, type, frame } of events) {
      if (number <= after) continue;
      if (!hasIds && type.endsWith('.delta')) writer.announceTokens();
      frames += hasIds ? `id: ${number}\n${frame}` : frame;
    }
    writer.write(frames);
  }

  /** Only if nothing has happened that this reader has not seen: else others would count in another way. */
  #showLife(): void {
    const at = this.#parts.follower.quietAt;
    if (at === undefined || this.#response.destroyed) return;
    this.#write(this.#fold.beat(at));
    this.#waitForBeat();
  }

  #waitForBeat(): void {
    const { clock } = this.#parts;
    const at = this.#fold.nextBeatAt;
    if (at !== undefined) this.#beat = clock.after(Math.max(1, at - clock.now()), this.#onBeat);
  }
}

/** For readers whose response is removed under their eyes. */
function makeCancelled(): RunFailed {
  const error = new RunAbortedError('cancelled');
  return { type: 'run-failed', seq: 0, error: toRunError(error), outcome: readOutcome(error) };
}
