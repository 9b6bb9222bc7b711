import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { makeUsageBuckets } from './usage-buckets.js';

describe('makeUsageBuckets', () => {
  it('leaves a plain usage as it is', () => {
    expect(makeUsageBuckets({ prompt_tokens: 11, completion_tokens: 5, total_tokens: 16 })).toEqual({
      input: 11,
      output: 5,
      total: 16,
    });
  });

  it('moves tokens with a price of their own into buckets', () => {
    expect(
      makeUsageBuckets({
        prompt_tokens: 100,
        completion_tokens: 50,
        total_tokens: 150,
        prompt_tokens_details: { cached_tokens: 64, audio_tokens: 6 },
        completion_tokens_details: { reasoning_tokens: 30, audio_tokens: 0 },
      }),
    ).toEqual({
      input: 30,
      input_cached_tokens: 64,
      input_audio_tokens: 6,
      output: 20,
      output_reasoning_tokens: 30,
      total: 150,
    });
  });

  it("leaves predictions and vendors' own details in the rest", () => {
    expect(
      makeUsageBuckets({
        prompt_tokens: 10,
        completion_tokens: 9,
        total_tokens: 19,
        prompt_tokens_details: { text_tokens: 10 },
        completion_tokens_details: { accepted_prediction_tokens: 4, rejected_prediction_tokens: 2 },
      }),
    ).toEqual({ input: 10, output: 9, total: 19 });
  });

  it('counts reasoning that the vendor left out of the completion', () => {
    expect(
      makeUsageBuckets({
        prompt_tokens: 10,
        completion_tokens: 5,
        total_tokens: 115,
        completion_tokens_details: { reasoning_tokens: 100 },
      }),
    ).toEqual({ input: 10, output: 5, output_reasoning_tokens: 100, total: 115 });
  });

  it('cuts details that exceed their side', () => {
    expect(
      makeUsageBuckets({
        prompt_tokens: 10,
        completion_tokens: 5,
        total_tokens: 15,
        prompt_tokens_details: { cached_tokens: 8, audio_tokens: 8 },
        completion_tokens_details: { reasoning_tokens: 7 },
      }),
    ).toEqual({
      input: 0,
      input_cached_tokens: 8,
      input_audio_tokens: 2,
      output: 0,
      output_reasoning_tokens: 5,
      total: 15,
    });
  });

  it('never counts a token twice or loses one, and gives whole numbers only', () => {
    const count = fc.oneof(fc.nat(100_000), fc.double(), fc.integer({ min: -5, max: 5 }));
    const details = fc.record(
      { cached_tokens: count, audio_tokens: count, reasoning_tokens: count, text_tokens: count },
      { requiredKeys: [] },
    );
    const sumUp = (buckets: Record<string, number>, side: string): number =>
      Object.entries(buckets).reduce((sum, [name, value]) => (name.startsWith(side) ? sum + value : sum), 0);
    fc.assert(
      fc.property(fc.nat(), fc.nat(), details, details, (prompt, completion, promptDetails, completionDetails) => {
        const buckets = makeUsageBuckets({
          prompt_tokens: prompt,
          completion_tokens: completion,
          total_tokens: prompt + completion,
          prompt_tokens_details: promptDetails,
          completion_tokens_details: completionDetails,
        });
        expect(sumUp(buckets, 'input')).toBe(prompt);
        expect(sumUp(buckets, 'output')).toBe(completion);
        expect(Object.values(buckets).every((value) => Number.isInteger(value) && value >= 0)).toBe(true);
      }),
    );
  });
});
