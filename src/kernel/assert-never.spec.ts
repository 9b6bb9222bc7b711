import { describe, expect, it } from '@jest/globals';
import { assertNever } from './assert-never.js';

describe('assertNever', () => {
  it('throws if something comes all the same, and says what', () => {
    expect(() => assertNever({ kind: 'new' } as never)).toThrow('{"kind":"new"}');
  });
});
