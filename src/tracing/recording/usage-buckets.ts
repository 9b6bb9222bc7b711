import type { Usage, UsageDetails } from '../../models/index.js';

/**
 * Details with a price of their own, by their names in OpenAI's usage. Other details stay in `input` and `output`: they are
 * billed as these, such as predicted tokens, or are vendors' own and may count the same tokens again.
 */
const INPUT_DETAILS = { cached_tokens: 'input_cached_tokens', audio_tokens: 'input_audio_tokens' };
const OUTPUT_DETAILS = { reasoning_tokens: 'output_reasoning_tokens', audio_tokens: 'output_audio_tokens' };

/**
 * Makes a usage in Langfuse's form, which has every token in exactly one bucket. In OpenAI's form, cached and reasoning
 * tokens would be charged twice, and a key that OpenAI does not have would make Langfuse drop the details.
 *
 * @returns tokens by Langfuse's names: `input` and `output` without the tokens in buckets of their own, such as
 *   `input_cached_tokens` (absent at zero), and `total` as the upstream reported it
 * @see https://langfuse.com/docs/observability/features/token-and-cost-tracking
 */
export function makeUsageBuckets(usage: Usage): Record<string, number> {
  const total = readTokens(usage.total_tokens);
  const prompt = readTokens(usage.prompt_tokens);
  const completion = readTokens(usage.completion_tokens);
  return {
    ...splitTokens('input', prompt, usage.prompt_tokens_details, INPUT_DETAILS),
    ...splitTokens(
      'output',
      completion + findUncountedReasoning(usage),
      usage.completion_tokens_details,
      OUTPUT_DETAILS,
    ),
    total,
  };
}

/** Finds reasoning tokens that a vendor leaves out of `completion_tokens` and only includes in the total. */
function findUncountedReasoning(usage: Usage): number {
  const reasoning = readTokens(usage.completion_tokens_details?.['reasoning_tokens']);
  const uncounted = usage.total_tokens - usage.prompt_tokens - usage.completion_tokens;
  return uncounted === reasoning ? reasoning : 0;
}

/** Splits the tokens of one side into buckets, whose sum is always `all`. */
function splitTokens(
  rest: string,
  all: number,
  details: UsageDetails | undefined,
  names: Readonly<Record<string, string>>,
): Record<string, number> {
  const buckets: Record<string, number> = {};
  let left = all;
  for (const [detail, name] of Object.entries(names)) {
    const count = Math.min(readTokens(details?.[detail]), left);
    if (count > 0) buckets[name] = count;
    left -= count;
  }
  return { [rest]: left, ...buckets };
}

/** Reads a count as a whole number, because Langfuse takes no others. */
function readTokens(count: number | undefined): number {
  return count !== undefined && count > 0 && Number.isFinite(count) ? Math.round(count) : 0;
}
