import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { type FinishReason, pickWorseFinishReason } from './finish-reason.js';

const WORST_FIRST: readonly FinishReason[] = ['content_filter', 'length', 'tool_calls', 'stop'];

describe('pickWorseFinishReason', () => {
  it('is the worst of all, whatever their order', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...WORST_FIRST), { minLength: 1 }), (reasons) => {
        const worst = reasons.reduce<FinishReason | undefined>(pickWorseFinishReason, undefined);
        expect(worst).toBe(WORST_FIRST.find((reason) => reasons.includes(reason)));
      }),
    );
  });
});
