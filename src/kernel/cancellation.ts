import { setMaxListeners } from 'node:events';

/** What of an `AbortSignal` is needed to notice an abort. */
export interface AbortNotice {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once: true }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * An `AbortController` and its signal in one, for what exists once for each request or model call. Node gives every
 * `AbortSignal` a hidden class and two maps of its own: a kilobyte, and accesses that no cache serves. So there is one only
 * if somebody asks for it.
 */
export class Cancellation implements AbortNotice {
  #isAborted = false;
  #reason: unknown;
  #listeners: readonly (() => void)[] = NONE;
  #controller: AbortController | undefined;

  get aborted(): boolean {
    return this.#isAborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  /** The same for those who need a real signal, of which there may be any number. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      setMaxListeners(0, this.#controller.signal);
      if (this.#isAborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** @throws the reason, once it has aborted */
  throwIfAborted(): void {
    if (this.#isAborted) throw this.#reason;
  }

  /** Tells all who listen, once; the first reason holds. */
  abort(reason: unknown): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#reason = reason;
    const listeners = this.#listeners;
    this.#listeners = NONE;
    for (const listener of listeners) listener();
    this.#controller?.abort(reason);
  }

  /** As with a signal, whoever comes after the abort is not told any more. */
  addEventListener(_type: 'abort', listener: () => void, _options?: { readonly once: true }): void {
    if (!this.#isAborted) this.#listeners = [...this.#listeners, listener];
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener);
  }
}

const NONE: readonly (() => void)[] = [];
