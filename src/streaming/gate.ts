/**
 * Back-pressure between the reader of a run and its engine: the reader closes the gate while its client is behind, and
 * the engine asks for nothing more until it is open again. An Observable alone has no back-pressure.
 */
export class Gate {
  #waiting: (() => void)[] | undefined;

  get isOpen(): boolean {
    return this.#waiting === undefined;
  }

  close(): void {
    this.#waiting ??= [];
  }

  /** Releases all code that waits. */
  open(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.forEach((resume) => resume());
  }

  /** Resolves as soon as the gate is open. It never rejects: code that can be aborted must race it. */
  waitUntilOpen(): Promise<void> {
    const waiting = this.#waiting;
    return waiting === undefined ? Promise.resolve() : new Promise((resume) => waiting.push(resume));
  }
}
