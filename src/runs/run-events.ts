import { type MonoTypeOperatorFunction, Observable, type Subscriber } from 'rxjs';
import type { RunEvent, RunFailed, RunFinished } from '../engine/index.js';
import { InternalError, type MillraceError } from '../errors/index.js';
import { Cancellation } from '../kernel/index.js';
import type { Usage } from '../models/index.js';

/** How the reading of a run failed: because the run did, or because its reader did. */
export interface ReadFailure {
  readonly error: MillraceError;
  readonly usage: Usage | undefined;
  /** As in the run's last event. */
  readonly untoldTokens?: number | undefined;
  readonly node?: string | undefined;
  /** True if it was the reader, who then cannot rely on its own state. */
  readonly isReaders: boolean;
}

/** Reads the events of one run. */
export interface RunReader {
  /**
   * Aborted by the reader with an InternalError if it cannot go on, for faults outside of `next` (see {@link guarded}).
   * Absent: it has no such places.
   */
  readonly fault?: Cancellation;
  /** Takes an event. If it throws, the run ends with an InternalError, and no other event is given to it. */
  next(event: Exclude<RunEvent, RunFailed>): void;
  /** Called once, in place of `run-finished`. What it throws is what the reading rejects with. */
  failed(failure: ReadFailure): void;
}

/**
 * Begins a run.
 * @param fault ends the run when it aborts, with its reason, which is logged in any case
 */
export type BeginRun = (subscriber: Subscriber<RunEvent>, fault: Cancellation) => () => void;

/**
 * The events of a run. Each subscription, and each reading, begins a run of its own. RxJS throws what a subscriber throws
 * out of a timer, where nobody can catch it: so {@link read} is the way for everything that does more than look on.
 */
export class RunEvents extends Observable<RunEvent> {
  readonly #begin: BeginRun;

  constructor(begin: BeginRun) {
    super((subscriber) => begin(subscriber, new Cancellation()));
    this.#begin = begin;
  }

  /**
   * Runs the workflow for a reader, whose faults end this run and nothing else.
   * @param operator put between the run and the reader
   * @returns when the reader has had the last event; rejects with what its `failed` throws
   */
  read(reader: RunReader, operator?: MonoTypeOperatorFunction<RunEvent>): Promise<void> {
    const { fault = new Cancellation() } = reader;
    const begin = this.#begin;
    const events = new Observable<RunEvent>((subscriber) => begin(subscriber, fault));
    return new Promise((resolve, reject) => {
      const fail = (error: MillraceError, last?: RunFailed | RunFinished): void => {
        try {
          const { usage, untoldTokens } = last ?? {};
          const node = last?.type === 'run-failed' ? last.node : undefined;
          reader.failed({ error, usage, untoldTokens, node, isReaders: fault.aborted });
        } catch (thrown) {
          reject(thrown);
        }
      };
      (operator === undefined ? events : events.pipe(operator)).subscribe({
        next: (event) => {
          if (!fault.aborted && event.type !== 'run-failed') {
            try {
              reader.next(event);
            } catch (thrown) {
              fault.abort(new InternalError(thrown));
            }
          }
          if (event.type === 'run-failed') fail(event.error, event);
          else if (event.type === 'run-finished' && fault.aborted) fail(fault.reason as InternalError, event);
        },
        error: (thrown) => {
          fault.abort(new InternalError(thrown));
          fail(fault.reason as InternalError);
          resolve();
        },
        complete: resolve,
      });
    });
  }
}

/** The callback for a timer or an emitter: what it throws is the reader's fault, and not uncaught. */
export function guarded(fault: Cancellation, callback: () => void): () => void {
  return () => {
    try {
      callback();
    } catch (thrown) {
      fault.abort(new InternalError(thrown));
    }
  };
}
