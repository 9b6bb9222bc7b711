import { setMaxListeners } from 'node:events';
import { ensureError } from './ensure-error.js';
import { callGuarded, guardDerivedSignals, guardListeners } from './guard-listeners.js';

/** A listener as for an `AbortSignal`: a function, or an object with one. What it throws or rejects with reaches no other listener. */
type AbortListener = (() => unknown) | { handleEvent(): unknown };

/** The part of an `AbortSignal` that is needed to notice an abort. */
export interface AbortNotice {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once: true }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Called with what a listener threw; must not throw itself. */
type ListenerErrorHandler = (error: Error) => void;

/** The handler of the signal whose listeners' errors Node reports now: one tick later, as uncaught errors. */
let current: ListenerErrorHandler | undefined;

/**
 * Finds the handler to which an uncaught error belongs, if a listener of a {@link Cancellation}'s signal threw it; otherwise
 * undefined. For a handler of uncaught errors, while it runs.
 */
export function findListenerErrorHandler(): ListenerErrorHandler | undefined {
  return current;
}

/**
 * An `AbortController` and its signal in one, for what exists once for each request or model call. Node gives every
 * `AbortSignal` a hidden class and two maps of its own, which cost a kilobyte and uncached accesses. So a real signal
 * is made only when one is requested.
 */
export class Cancellation implements AbortNotice {
  #isAborted = false;
  #reason: unknown;
  #listeners: readonly AbortListener[] = NONE;
  #controller: AbortController | undefined;

  /**
   * @param onListenerError called with what listeners throw, or reject with if they are asynchronous; absent: that is
   * an uncaught
   *   error, as with a signal of Node's
   */
  constructor(readonly onListenerError?: ListenerErrorHandler) {
    // Not when the signal is made: in `AbortSignal.any([signal])` the function is looked up before that.
    if (onListenerError !== undefined) guardDerivedSignals();
  }

  get aborted(): boolean {
    return this.#isAborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  /** A real signal, which is made on demand; it takes any number of listeners. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      setMaxListeners(0, this.#controller.signal);
      if (this.onListenerError !== undefined) guardListeners(this.#controller.signal, (thrown) => this.#report(thrown));
      if (this.#isAborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** @throws the reason, once it has aborted */
  throwIfAborted(): void {
    if (this.#isAborted) throw this.#reason;
  }

  /** Calls all listeners, once; the first reason counts. Never throws, whatever listeners do. */
  abort(reason: unknown): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#reason = reason;
    const listeners = this.#listeners;
    this.#listeners = NONE;
    for (const listener of listeners) {
      callGuarded(
        () => (typeof listener === 'function' ? listener() : listener.handleEvent()),
        (thrown) => this.#report(thrown),
      );
    }
    if (this.#controller !== undefined) this.#abortSignal(this.#controller);
  }

  #report(thrown: unknown): void {
    if (this.onListenerError !== undefined) {
      this.onListenerError(ensureError(thrown));
      return;
    }
    process.nextTick(() => {
      throw thrown;
    });
  }

  /**
   * Node also notifies all listeners of a signal, and rethrows their errors in separate ticks, where they cannot be
   * caught: between the two ticks here. Ticks run in the order in which they were asked for. This is for listeners of
   * signals that authors abort in a listener of this one; see {@link guardListeners} for its own.
   */
  #abortSignal(controller: AbortController): void {
    let outer: ListenerErrorHandler | undefined;
    process.nextTick(() => {
      outer = current;
      current = this.onListenerError;
    });
    controller.abort(this.#reason);
    process.nextTick(() => {
      current = outer;
    });
  }

  /** As with a signal, a listener that is added after the abort is not called. */
  addEventListener(_type: 'abort', listener: AbortListener, _options?: { readonly once: true }): void {
    // A list made by spreading has room for 16 more: for each request that is open, and mostly there is one listener.
    if (!this.#isAborted) this.#listeners = this.#listeners.concat(listener);
  }

  removeEventListener(_type: 'abort', listener: AbortListener): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener);
  }
}

const NONE: readonly AbortListener[] = [];
