import type { Subscriber } from 'rxjs';
import type { RunEnd, RunEvent } from '../engine/index.js';
import { formatStackForLog } from '../errors/index.js';
import type { Cancellation } from '../kernel/index.js';
import type { RunLog } from '../workflow/index.js';
import type { OpenRun } from './open-run.js';

/** How one reader reads a run. */
export interface Reading {
  /** True: what the reader cannot cope with ends the run, and so does the last such reader when it leaves. */
  readonly holdsRun: boolean;
  /** Aborted, with an InternalError, by a reader that cannot go on. */
  readonly fault: Cancellation;
  /** True: the reader has a use for outputs, results and data of progress in the events. */
  readonly wantsContent: boolean;
}

/** Those who read one run. Each gets what happens from when it came; who comes after the end gets the last event. */
export class RunReaders {
  readonly #open: OpenRun;
  readonly #log: RunLog;
  /** Replaced, never changed: readers come and leave while an event is given out. */
  #subscribers: readonly Subscriber<RunEvent>[] = [];
  #holding = 0;
  #wantsContent = false;
  #last: RunEvent | undefined;
  #end: RunEnd | undefined;

  constructor(open: OpenRun, log: RunLog) {
    this.#open = open;
    this.#log = log;
  }

  /** True once a reader wants content. */
  get wantsContent(): boolean {
    return this.#wantsContent;
  }

  /** What stands beside the last event, once that is there. */
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

  /** Gives an event to all readers. @param end with the last one: what stands beside it */
  emit(event: RunEvent, end?: RunEnd): void {
    if (end !== undefined) {
      this.#last = event;
      this.#end = end;
    }
    for (const subscriber of this.#subscribers) subscriber.next(event);
    // What is left is to clean up, which no reader need wait for.
    if (end !== undefined) for (const subscriber of this.#subscribers) subscriber.complete();
  }

  #dropReader(subscriber: Subscriber<RunEvent>, reason: unknown): void {
    this.#log.write('error', 'has a reader that failed; the run goes on', {}, formatStackForLog(reason));
    subscriber.error(reason);
  }
}
