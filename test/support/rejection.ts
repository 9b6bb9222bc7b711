/**
 * The rejection of a promise, for a test that checks several properties of an error.
 * @throws Error if it does not reject
 */
export async function catchRejection(promise: PromiseLike<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`Expected an error, but got ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
}
