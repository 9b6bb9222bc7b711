import type { Usage, UsageDetails } from '../../models/index.js';

/**
 * Details that have a price of their own, by the names in OpenAI's usage. Others stay in `input` and `output`: they are
 * billed as these, such as predicted tokens, or are vendors' own, and may well name the same tokens again.
 */
const INPUT_DETAILS = { cached_tokens: 'input_cached_tokens', audio_tokens: 'input_audio_tokens' };
const OUTPUT_DETAILS = { reasoning_tokens: 'output_reasoning_tokens', audio_tokens: 'output_audio_tokens' };

/**
 * A usage in the form in which Langfuse counts costs: every token in one bucket. In OpenAI's form, cached and reasoning
 * tokens would be paid for twice, and one key that OpenAI does not have makes Langfuse drop the details.
 *
 * @returns tokens by the names of Langfuse's prices: `input` and `output` without what is in a bucket of its own, such as
 *   `input_cached_tokens`, which is absent at zero; and `total` as the upstream told it
 * @see https://langfuse.com/docs/observability/features/token-and-cost-tracking
 */
export function makeUsageBuckets(usage: Usage): Record<string, number> {
  const total = readTokens(usage.total_tokens);
  const prompt = readTokens(usage.prompt_tokens);
  const completion = readTokens(usage.completion_tokens);
  return {
    ...split('input', prompt, usage.prompt_tokens_details, INPUT_DETAILS),
    ...split('output', completion + findUncountedReasoning(usage), usage.completion_tokens_details, OUTPUT_DETAILS),
    total,
  };
}

/** Some vendors leave reasoning out of `completion_tokens`; then only the total includes it. */
function findUncountedReasoning(usage: Usage): number {
  const reasoning = readTokens(usage.completion_tokens_details?.['reasoning_tokens']);
  const uncounted = usage.total_tokens - usage.prompt_tokens - usage.completion_tokens;
  return uncounted === reasoning ? reasoning : 0;
}

/** The buckets of one side; together they are `all`, whatever the details say. */
function split(
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

/** Langfuse takes whole numbers only. */
function readTokens(count: number | undefined): number {
  return count !== undefined && count > 0 && Number.isFinite(count) ? Math.round(count) : 0;
}
