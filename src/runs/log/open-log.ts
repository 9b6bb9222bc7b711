import type { Clock } from '../../kernel/index.js';
import { Gate } from '../../streaming/index.js';
import type { KeptStep, LogBatch } from '../store/log-batch.js';
import type { LoggedEvent } from './logged-event.js';

/** Most characters that may wait to be stored before the run has to pause. */
const MOST_WAITING = 256 * 1024;

/**
 * Why this process stops writing. `over`: the last event is there. `gone`: the run was removed, or waits for an answer.
 * `released`: another process continues the run, or this one does later.
 */
export type LogEnding = 'over' | 'gone' | 'released';

/** Where a log begins. */
interface OpenLogParts {
  readonly id: string;
  /** Number of its next event. */
  readonly length: number;
  readonly clock: Pick<Clock, 'now'>;
  /** Called when there are events to store. */
  readonly onWrite: (log: OpenLog) => void;
}

const NOT_ENDED: AttemptEnding = {};

/** Events that follow one another. */
interface LogPiece {
  /** Number of the first. */
  readonly first: number;
  readonly events: readonly LoggedEvent[];
}

/** How an attempt at a run ends with its last event: the run is over, or it waits. */
export type AttemptEnding = Pick<LogBatch, 'ending' | 'waits'>;

/** A batch on its way to the store. */
interface WaitingBatch {
  readonly batch: LogBatch;
  readonly events: readonly LoggedEvent[];
  readonly length: number;
}

/**
 * The log of a run that is active in this process, from its first event to its last. Readers see an event only after
 * the store has it, so nothing shown is ever taken back.
 */
export class OpenLog {
  readonly id: string;
  /** Closed while too much waits to be stored. */
  readonly gate = new Gate();
  readonly #parts: OpenLogParts;
  #events: LoggedEvent[] = [];
  #json: string[] = [];
  #steps: KeptStep[] = [];
  #ended: AttemptEnding = NOT_ENDED;
  #epoch = 0;
  /** Characters in `#json`, and in the whole log. */
  #waitingLength = 0;
  #writtenLength = 0;
  #hasWritten = false;
  #waiting: WaitingBatch | undefined;
  #kept: number;
  #newest: LogPiece | undefined;
  #lastAt = 0;
  #ending: LogEnding | undefined;
  #watchers = new Set<() => void>();
  /** How many callers wait until everything is stored. */
  #awaiting = 0;

  constructor(parts: OpenLogParts) {
    this.#parts = parts;
    this.id = parts.id;
    this.#kept = parts.length;
  }

  /** Number of events that the store has and readers may see. */
  get length(): number {
    return this.#kept;
  }

  /** Characters that were written to it. */
  get writtenLength(): number {
    return this.#writtenLength;
  }

  /** True if something was written to it in this process. */
  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  get ending(): LogEnding | undefined {
    return this.#ending;
  }

  /** True if there are events that readers may not see yet. */
  get isBehind(): boolean {
    return this.#waiting !== undefined || this.#events.length > 0;
  }

  /** True if a caller waits until the store has all of it. */
  get isAwaited(): boolean {
    return this.#awaiting > 0;
  }

  /** See {@link LogBatch.epoch}. */
  get epoch(): number {
    return this.#epoch;
  }

  /**
   * Begins to write under this claim number.
   * @param writtenLength characters that were written to it before
   */
  claim(epoch: number, writtenLength = 0): void {
    this.#epoch = epoch;
    this.#writtenLength = writtenLength;
  }

  /** @param at when the last event of its past happened, in milliseconds since the Unix epoch */
  goOnAfter(at: number): void {
    this.#lastAt = at;
  }

  /** Stores a step together with the event of its end, which follows in the same turn of the event loop. */
  keepStep(step: KeptStep): void {
    this.#steps.push(step);
  }

  /** The time for what happens now, which never goes back. Milliseconds since the Unix epoch. */
  now(): number {
    this.#lastAt = Math.max(this.#lastAt, this.#parts.clock.now());
    return this.#lastAt;
  }

  /** The events from this number on, if the newest piece begins with it. */
  findPiece(from: number): LogPiece | undefined {
    return this.#newest?.first === from ? this.#newest : undefined;
  }

  /**
   * Calls back once, when there is something new to see, or the log has ended.
   * @returns to be called by a reader that leaves before
   */
  watch(onNews: () => void): () => void {
    this.#watchers.add(onNews);
    return () => this.#watchers.delete(onNews);
  }

  /** Resolves when the store has everything written so far, or will never have it. */
  async settle(): Promise<void> {
    this.#awaiting++;
    while (this.isBehind && this.#ending === undefined) await new Promise<void>((resolve) => this.watch(resolve));
    this.#awaiting--;
  }

  /** @param ending how the attempt ends with this event, if it is its last one */
  write(event: LoggedEvent, ending: AttemptEnding = NOT_ENDED): void {
    if (this.#ending !== undefined) return;
    const json = JSON.stringify(event);
    this.#hasWritten = true;
    this.#events.push(event);
    this.#json.push(json);
    this.#waitingLength += json.length;
    this.#writtenLength += json.length;
    this.#ended = ending;
    if (this.#waitingLength + (this.#waiting?.length ?? 0) > MOST_WAITING) this.gate.close();
    this.#parts.onWrite(this);
  }

  /** The next batch to store; the same batch again until it is confirmed. */
  takeBatch(): LogBatch | undefined {
    if (this.#ending !== undefined) return undefined;
    if (this.#waiting === undefined && this.#events.length > 0) {
      const batch: LogBatch = {
        run: this.id,
        epoch: this.#epoch,
        first: this.#kept,
        events: this.#json,
        ...(this.#steps.length > 0 && { steps: this.#steps }),
        ...this.#ended,
      };
      this.#waiting = { batch, events: this.#events, length: this.#waitingLength };
      this.#events = [];
      this.#json = [];
      this.#steps = [];
      this.#waitingLength = 0;
    }
    return this.#waiting?.batch;
  }

  /** Confirms the batch, whose events readers may now see. */
  show(): void {
    const shown = this.#waiting;
    if (shown === undefined) return;
    this.#waiting = undefined;
    this.#newest = { first: this.#kept, events: shown.events };
    this.#kept += shown.events.length;
    if (shown.batch.ending !== undefined) this.#ending = 'over';
    else if (shown.batch.waits !== undefined) this.#ending = 'gone';
    if (this.#waitingLength <= MOST_WAITING) this.gate.open();
    this.#wake();
  }

  /** @param ending why the store refuses further events of this run from this process */
  close(ending: 'gone' | 'released'): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#waiting = undefined;
    this.#events = [];
    this.#json = [];
    this.#steps = [];
    this.gate.open();
    this.#wake();
  }

  #wake(): void {
    const watchers = this.#watchers;
    this.#watchers = new Set();
    for (const wake of watchers) wake();
  }
}
