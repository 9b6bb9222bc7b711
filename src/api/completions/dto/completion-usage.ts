import { IsInt, Min } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { Usage, UsageDetails } from '../../../models/index.js';
import { Nested, OrAbsent } from '../../../schema/index.js';

@JSONSchema({
  description: 'Parts of the prompt count, as far as the providers report them.',
  additionalProperties: { type: 'integer' },
})
class PromptTokensDetails {
  @OrAbsent()
  @IsInt()
  @JSONSchema({ description: 'Tokens that the provider had in its cache.' })
  readonly cached_tokens?: number;

  @OrAbsent()
  @IsInt()
  @JSONSchema({ description: 'Tokens of sound.' })
  readonly audio_tokens?: number;
}

@JSONSchema({
  description: 'Parts of the completion count, as far as the providers report them.',
  additionalProperties: { type: 'integer' },
})
class CompletionTokensDetails {
  @OrAbsent()
  @IsInt()
  @JSONSchema({ description: 'Tokens of reasoning, which the client may not see.' })
  readonly reasoning_tokens?: number;

  @OrAbsent()
  @IsInt()
  @JSONSchema({ description: 'Tokens of sound.' })
  readonly audio_tokens?: number;

  @OrAbsent()
  @IsInt()
  @JSONSchema({ description: 'Tokens of a prediction that the completion used.' })
  readonly accepted_prediction_tokens?: number;

  @OrAbsent()
  @IsInt()
  @JSONSchema({ description: 'Tokens of a prediction that the completion did not use.' })
  readonly rejected_prediction_tokens?: number;
}

@JSONSchema({
  description: 'Token counts, summed over all model calls of the workflow.',
  example: { prompt_tokens: 11, completion_tokens: 5, total_tokens: 16 },
})
export class CompletionUsage implements Usage {
  @IsInt()
  @Min(0)
  @JSONSchema({ description: 'Tokens that the models read.' })
  readonly prompt_tokens: number;

  @IsInt()
  @Min(0)
  @JSONSchema({ description: 'Tokens that the models wrote.' })
  readonly completion_tokens: number;

  @IsInt()
  @Min(0)
  @JSONSchema({ description: 'Both together.' })
  readonly total_tokens: number;

  @OrAbsent()
  @Nested(() => PromptTokensDetails)
  @JSONSchema({ description: 'Parts of `prompt_tokens`.' })
  readonly prompt_tokens_details?: UsageDetails;

  @OrAbsent()
  @Nested(() => CompletionTokensDetails)
  @JSONSchema({ description: 'Parts of `completion_tokens`.' })
  readonly completion_tokens_details?: UsageDetails;
}
