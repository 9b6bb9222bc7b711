/**
 * What a promise rejects with, for a test that looks at more than one side of an error.
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
