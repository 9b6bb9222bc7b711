import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyMutation, type AnyJson, listPaths, mutate, type Mutation, UNSPEAKABLE } from './mutations.js';

/**
 * Defines the tests of mutated requests in the enclosing `describe`.
 * @param seed a request with most parameters, from which the mutations start
 * @param plain the names of its parameters that do not depend on each other
 * @param expectSane sends a body, and expects a success or a refusal
 */
export function describeMutations(
  seed: { readonly [name: string]: AnyJson },
  plain: readonly string[],
  expectSane: (body: string) => Promise<void>,
): void {
  const paths = listPaths(seed);
  const mutation = anyMutation(paths);

  it('is answered, or refused with a 4xx and an envelope: never a 5xx', async () => {
    // Without the parameters that depend on each other, more of the mutated requests reach a model.
    const small = Object.fromEntries(plain.map((name) => [name, seed[name] ?? null]));
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), fc.boolean(), async (mutations, isSmall) => {
        const whole = structuredClone<AnyJson>(isSmall ? small : seed);
        const body = mutations.reduce<AnyJson>((value, change) => mutate(value, change), whole);
        if (typeof body === 'object' && body !== null && 'stream' in body && body.stream === true) body.stream = false;
        await expectSane(JSON.stringify(body));
      }),
      { numRuns: 1_500 },
    );
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  }, 120_000);

  it('is answered, or refused with a 4xx, when an object is put into any place of it', async () => {
    for (const path of paths) {
      for (const value of UNSPEAKABLE) {
        for (const kind of ['set', 'add'] as const) {
          const change: Mutation = { kind, path, key: 'extra', value };
          await expectSane(JSON.stringify(mutate(structuredClone<AnyJson>(seed), change)));
        }
      }
    }
  }, 120_000);
}
