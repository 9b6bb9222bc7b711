import type { FinishReason } from '../../../models/index.js';

const BY_NAME: Readonly<Record<FinishReason, true>> = {
  stop: true,
  length: true,
  tool_calls: true,
  content_filter: true,
};

/** All values of `finish_reason`, for the schemas. */
export const FINISH_REASONS: readonly string[] = Object.keys(BY_NAME);

/** What the values mean. */
export const FINISH_REASON_MEANING =
  '`stop`: the answer is complete; `length`: it was cut at the token limit; `tool_calls`: the model waits for results ' +
  'of tools; `content_filter`: the provider withheld content.';
