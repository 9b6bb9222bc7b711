import { type MonoTypeOperatorFunction, Observable, type Observer } from 'rxjs';
import type { RunEvent, RunFailed } from '../engine/index.js';
import { InternalError, type MillraceError, type RunError, toMillraceError, toRunError } from '../errors/index.js';
import { Cancellation } from '../kernel/index.js';
import { isLastEvent } from './last-event.js';
import type { Reading, RunReaders } from './run-readers.js';

/** How reading a run failed: because the run failed, or because its reader did. */
export interface ReadFailure {
  readonly error: RunError;
  /** The error, with details that must not leave this process. */
  readonly thrown: MillraceError;
  /** The step that failed, as the run's last event names it. */
  readonly node?: string | undefined;
  /** The run's last event; absent if the reader failed. */
  readonly event?: RunFailed | undefined;
  /** True if the reader failed; its own state may then be inconsistent. */
  readonly isReaderFault: boolean;
}

/** Reads the events of one run. */
export interface RunReader {
  /** True if it needs outputs, results and progress data in the events. Absent: false. */
  readonly wantsContent?: boolean;
  /**
   * Aborted by the reader with an InternalError if it cannot continue after a fault outside of `next` (see {@link
   * guardCallback}). Absent: it has no such faults.
   */
  readonly fault?: Cancellation;
  /** Takes an event. If it throws, it gets no more events; a run that it holds ends with an InternalError. */
  next(event: Exclude<RunEvent, RunFailed>): void;
  /** Called once, in place of `run-finished`. The reading rejects with what it throws. */
  failed(failure: ReadFailure): void;
}

/**
 * The events of a run from the subscription on: a run does not wait for readers. Completes after the run's last event,
 * and never errors. RxJS rethrows what a subscriber throws in a timer, where it cannot be caught, so use {@link read}
 * for everything that can fail.
 */
export class RunEvents extends Observable<RunEvent> {
  readonly #readers: RunReaders;
  readonly #holdsRun: boolean;

  /** @param holdsRun true: the run ends when its reader fails, or leaves and was the last */
  constructor(readers: RunReaders, holdsRun: boolean) {
    super((subscriber) => readers.join(subscriber, { holdsRun, fault: new Cancellation(), wantsContent: true }));
    this.#readers = readers;
    this.#holdsRun = holdsRun;
  }

  /**
   * Passes the events to a reader. A fault of the reader ends the run, or only the reading if it does not hold the run.
   * @param operator put between the run and the reader
   * @returns when the reader has had the last event: the workflow's result, undefined if the run failed or ended early. Rejects
   *   with what the reader's `failed` throws
   */
  read(reader: RunReader, operator?: MonoTypeOperatorFunction<RunEvent>): Promise<unknown> {
    const { fault = new Cancellation(), wantsContent = false } = reader;
    const reading: Reading = { holdsRun: this.#holdsRun, fault, wantsContent };
    const readers = this.#readers;
    const events = new Observable<RunEvent>((subscriber) => readers.join(subscriber, reading));
    return new Promise((resolve, reject) => {
      const observer = new ReadObserver(reader, fault, readers, resolve, reject);
      (operator === undefined ? events : events.pipe(operator)).subscribe(observer);
    });
  }
}

/** Gives events to one reader. */
class ReadObserver implements Observer<RunEvent> {
  readonly #reader: RunReader;
  readonly #fault: Cancellation;
  readonly #readers: RunReaders;
  readonly #resolve: (result: unknown) => void;
  readonly #reject: (thrown: unknown) => void;

  constructor(
    reader: RunReader,
    fault: Cancellation,
    readers: RunReaders,
    resolve: (result: unknown) => void,
    reject: (thrown: unknown) => void,
  ) {
    this.#reader = reader;
    this.#fault = fault;
    this.#readers = readers;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  next(event: RunEvent): void {
    const fault = this.#fault;
    if (!fault.aborted && event.type !== 'run-failed') {
      try {
        this.#reader.next(event);
      } catch (thrown) {
        fault.abort(new InternalError(thrown));
      }
    }
    if (event.type === 'run-failed') this.#fail(this.#readers.end?.error ?? new InternalError(event.error), event);
    else if (isLastEvent(event) && fault.aborted) {
      this.#fail(toMillraceError(fault.reason));
    }
  }

  error(thrown: unknown): void {
    this.#fault.abort(new InternalError(thrown));
    this.#fail(toMillraceError(this.#fault.reason));
    this.#resolve(undefined);
  }

  complete(): void {
    this.#resolve(this.#readers.end?.result);
  }

  #fail(thrown: MillraceError, event?: RunFailed): void {
    const { error = toRunError(thrown), node } = event ?? {};
    try {
      this.#reader.failed({ error, thrown, node, event, isReaderFault: this.#fault.aborted });
    } catch (rethrown) {
      this.#reject(rethrown);
    }
  }
}

/** Wraps a callback for a timer or an emitter: what it throws counts as a fault of the reader. */
export function guardCallback(fault: Cancellation, callback: () => void): () => void {
  return () => {
    try {
      callback();
    } catch (thrown) {
      fault.abort(new InternalError(thrown));
    }
  };
}
