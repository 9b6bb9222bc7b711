import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { describeError, ensureError } from './ensure-error.js';

describe('ensureError', () => {
  it('returns an error as it is', () => {
    const error = new RangeError('x');
    expect(ensureError(error)).toBe(error);
  });

  it('makes an error of a string, with the string as its message', () => {
    expect(ensureError('boom').message).toBe('boom');
  });

  it('makes an error of anything, with the thrown value as its cause', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        const error = ensureError(thrown);
        expect(error).toBeInstanceOf(Error);
        expect(Object.is(error.cause, thrown)).toBe(true);
      }),
    );
  });
});

const makeRevoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

const makeFailing = (part: string): Error =>
  Object.defineProperty(new RangeError('x'), part, {
    get() {
      throw new Error('not to be read');
    },
  });

describe('errors with parts that cannot be read', () => {
  it.each([
    ['a revoked proxy', makeRevoked()],
    ['a proxy that fails', new Proxy(new Error('x'), { get: makeRevoked as never, getPrototypeOf: () => null })],
    ['a failing name', makeFailing('name')],
    ['a failing message', makeFailing('message')],
    ['a failing stack', makeFailing('stack')],
    ['a failing cause', makeFailing('cause')],
    ['a list as stack', Object.assign(new Error('x'), { stack: [] })],
    ['an object as stack', Object.assign(new Error('x'), { stack: { toString: 1 } })],
    ['a symbol as message', Object.assign(new Error('x'), { message: Symbol('x') })],
    ['a revoked proxy as cause', new Error('x', { cause: makeRevoked() })],
    ['a symbol', Symbol('x')],
    ['an object without a prototype', Object.create(null) as unknown],
  ])('are described in texts: %s', (_what, thrown) => {
    for (const { name, message, stack } of [describeError(thrown), ensureError(thrown)]) {
      expect([typeof name, typeof message, typeof stack]).toEqual(['string', 'string', 'string']);
    }
    expect(() => ensureError(thrown).cause instanceof Error).not.toThrow();
  });

  it('keep the parts that can be read', () => {
    expect(describeError(makeFailing('stack'))).toEqual({ name: 'RangeError', message: 'x', stack: 'RangeError: x' });
    expect(ensureError(makeFailing('cause'))).toMatchObject({ name: 'RangeError', message: 'x' });
  });
});

describe('describeError', () => {
  it('is bounded, however long an error is', () => {
    const { name, message, stack } = describeError(
      Object.assign(new Error('m'.repeat(1e6)), { name: 'n'.repeat(1e6) }),
    );
    expect(name.length + message.length + stack.length).toBeLessThan(25_000);
  });
});
