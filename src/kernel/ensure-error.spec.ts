import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ensureError } from './ensure-error.js';

describe('ensureError', () => {
  it('gives an error back as it is', () => {
    const error = new RangeError('x');
    expect(ensureError(error)).toBe(error);
  });

  it('makes an error of a string, which says the same', () => {
    expect(ensureError('boom').message).toBe('boom');
  });

  it('makes an error of anything, and keeps what it was', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        const error = ensureError(thrown);
        expect(error).toBeInstanceOf(Error);
        expect(Object.is(error.cause, thrown)).toBe(true);
      }),
    );
  });
});
