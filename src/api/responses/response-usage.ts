import type { Usage } from '../../models/index.js';
import type { ResponseUsage } from './response-object.js';

/** Usage under the names of this protocol, with every number present: clients fail if one is missing (measured). */
export function encodeUsage(usage: Usage | undefined): ResponseUsage {
  const { prompt_tokens_details: input = {}, completion_tokens_details: output = {} } = usage ?? {};
  return {
    input_tokens: usage?.prompt_tokens ?? 0,
    input_tokens_details: {
      cached_tokens: input['cached_tokens'] ?? 0,
      cache_write_tokens: input['cache_write_tokens'] ?? 0,
    },
    output_tokens: usage?.completion_tokens ?? 0,
    output_tokens_details: { reasoning_tokens: output['reasoning_tokens'] ?? 0 },
    total_tokens: usage?.total_tokens ?? 0,
  };
}
