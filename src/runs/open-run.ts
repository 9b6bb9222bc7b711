import { type AbortCause, formatStackForLog, RunAbortedError, toMillraceError } from '../errors/index.js';
import { type AbortNotice, Cancellation, type Clock, type Timer } from '../kernel/index.js';
import type { RunLogger } from '../workflow/index.js';

/** What an open run is made of. */
interface OpenRunParts {
  readonly log: RunLogger;
  readonly clock: Clock;
  /** How long it may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends the run when it aborts. */
  readonly signal: AbortNotice | undefined;
  /** Called with the reason when the run is aborted. */
  readonly onAbort: (reason: unknown, run: OpenRun) => void;
}

/** A run that has started and not ended. */
export class OpenRun {
  /** Aborts when the run is ended early, or one of its steps fails. */
  readonly cancellation: Cancellation;
  readonly #parts: OpenRunParts;
  readonly #deadline: Timer;
  #hasEnded = false;

  constructor(parts: OpenRunParts) {
    const { log, clock, timeoutMs, signal, onAbort } = parts;
    this.#parts = parts;
    this.cancellation = new Cancellation((error) => {
      log.write('error', 'has a listener of its abort signal that failed', {}, formatStackForLog(error));
    });
    this.cancellation.addEventListener('abort', () => onAbort(this.cancellation.reason, this));
    this.#deadline = clock.after(timeoutMs, () => this.abort('deadline'));
    if (signal?.aborted === true) this.#onSignal();
    signal?.addEventListener('abort', this.#onSignal, { once: true });
  }

  /** The name of the run in the log. */
  get name(): string {
    return this.#parts.log.name;
  }

  /** True once its last event was emitted: a node that an abort did not stop may still emit events. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Ends the run from outside. */
  abort(cause: AbortCause): void {
    this.cancellation.abort(new RunAbortedError(cause));
  }

  /**
   * Ends the run with the fault of a reader that holds it.
   * @param fault aborts with an InternalError
   */
  watchReader(fault: Cancellation): void {
    fault.addEventListener('abort', () => this.#onFault(fault.reason));
  }

  /** Marks the run as ended: its last event was emitted. */
  end(): void {
    this.#hasEnded = true;
    this.#deadline.cancel();
  }

  /** Cleans up when nothing of the run is active any more. */
  close(): void {
    this.#parts.signal?.removeEventListener('abort', this.#onSignal);
  }

  readonly #onSignal = (): void => this.abort('client_disconnected');

  #onFault(reason: unknown): void {
    // A run that has ended already cannot fail any more, so the fault goes to the log.
    if (this.#hasEnded || this.cancellation.aborted) this.#parts.log.writeFailure(toMillraceError(reason));
    else this.cancellation.abort(reason);
  }
}
