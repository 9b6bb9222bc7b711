/**
 * An async generator written by hand. A language's own costs each value three turns of the microtask queue for every generator
 * that it passes, and holds a frame for each; where a value passes several, one `then` in each is enough
 * (docs/performance.md). It is pulled by one reader, who waits for each value before it asks for the next.
 */
export abstract class PulledGenerator<T, R> implements AsyncGenerator<T, R, void> {
  /** The next value, or the result. It is not called again after the end. */
  abstract next(): Promise<IteratorResult<T, R>>;

  /** Ends what is open. Called when the reader leaves, also after the end, where it does nothing. */
  protected abstract close(): Promise<void>;

  async return(value: R | PromiseLike<R>): Promise<IteratorResult<T, R>> {
    await this.close();
    return { done: true, value: await value };
  }

  async throw(error: unknown): Promise<never> {
    await this.close();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
