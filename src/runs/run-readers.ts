import type { Subscriber } from 'rxjs';
import type { RunEnd, RunEvent } from '../engine/index.js';
import { formatStackForLog } from '../errors/index.js';
import type { Cancellation } from '../kernel/index.js';
import type { RunLogger } from '../workflow/index.js';
import type { OpenRun } from './open-run.js';

/** How one reader reads a run. */
export interface Reading {
  /** True: the run ends when this reader fails, or when the last such reader leaves. */
  readonly holdsRun: boolean;
  /** Aborted, with an InternalError, by a reader that cannot continue. */
  readonly fault: Cancellation;
  /** True if the reader needs outputs, results and progress data in the events. */
  readonly wantsContent: boolean;
}

/**
 * The readers of one run. Each gets the events that come after it joined; one that joins after the end gets the last
 * event.
 */
export class RunReaders {
  readonly #open: OpenRun;
  readonly #log: RunLogger;
  /** Replaced, never changed: readers come and leave while an event is given out. */
  #subscribers: readonly Subscriber<RunEvent>[] = [];
  #holding = 0;
  #wantsContent = false;
  #last: RunEvent | undefined;
  #end: RunEnd | undefined;

  constructor(open: OpenRun, log: RunLogger) {
    this.#open = open;
    this.#log = log;
  }

  /** True once a reader wants content. */
  get wantsContent(): boolean {
    return this.#wantsContent;
  }

  /** What belongs to the last event, once it is there. */
  get end(): RunEnd | undefined {
    return this.#end;
  }

  /** @returns to be called when the reader leaves */
  join(subscriber: Subscriber<RunEvent>, { holdsRun, fault, wantsContent }: Reading): () => void {
    if (this.#last !== undefined) {
      subscriber.next(this.#last);
      subscriber.complete();
      return () => undefined;
    }
    // Spreading would leave room for 16 more.
    this.#subscribers = this.#subscribers.concat(subscriber);
    this.#wantsContent ||= wantsContent;
    if (holdsRun) {
      this.#holding++;
      this.#open.watchReader(fault);
    } else fault.addEventListener('abort', () => this.#dropReader(subscriber, fault.reason));
    return () => {
      this.#subscribers = this.#subscribers.filter((other) => other !== subscriber);
      if (holdsRun && --this.#holding === 0 && !this.#open.hasEnded) this.#open.abort('client_disconnected');
    };
  }

  /**
   * Passes an event to all readers.
   * @param end for the last event: what belongs to it
   */
  emit(event: RunEvent, end?: RunEnd): void {
    if (end !== undefined) {
      this.#last = event;
      this.#end = end;
    }
    for (const subscriber of this.#subscribers) subscriber.next(event);
    // Only cleaning up is left, for which no reader has to wait.
    if (end !== undefined) for (const subscriber of this.#subscribers) subscriber.complete();
  }

  #dropReader(subscriber: Subscriber<RunEvent>, reason: unknown): void {
    this.#log.write('error', 'has a reader that failed; the run continues', {}, formatStackForLog(reason));
    subscriber.error(reason);
  }
}
