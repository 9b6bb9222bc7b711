import { applyDecorators } from '@nestjs/common';
import { IsBoolean, IsNumber, IsOptional, IsString, Max, Min } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';

// Parameters that mean the same in both of OpenAI's protocols. A parameter of a single door, or with checks of its own,
// is in that door.

/** `model` of a request. */
export function WorkflowModel(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({
      description: 'Id or alias of the workflow that answers. The list of models has them all.',
      example: 'chat',
    }),
    IsString(),
  );
}

/** `temperature` of a request. */
export function Temperature(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'How freely the model chooses its words: 0 is the most predictable.', example: 0.7 }),
    Max(2),
    Min(0),
    IsNumber(),
    IsOptional(),
  );
}

/** `top_p` of a request. */
export function TopP(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'The model chooses among the likeliest words that make up this share of probability.' }),
    Max(1),
    Min(0),
    IsNumber(),
    IsOptional(),
  );
}

/** `presence_penalty` of a request. */
export function PresencePenalty(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'Above 0: words that occurred already become less likely.', default: 0 }),
    Max(2),
    Min(-2),
    IsNumber(),
    IsOptional(),
  );
}

/** `frequency_penalty` of a request. */
export function FrequencyPenalty(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'Above 0: words become less likely the more often they occurred.', default: 0 }),
    Max(2),
    Min(-2),
    IsNumber(),
    IsOptional(),
  );
}

/** `parallel_tool_calls` of a request. */
export function ParallelToolCalls(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'Whether the model may call several tools at once.', default: true }),
    IsBoolean(),
    IsOptional(),
  );
}

/** `user` of a request. */
export function EndUser(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'Identifies the end user; shown in the trace of the run.', example: 'user-1234' }),
    IsString(),
    IsOptional(),
  );
}

/** `safety_identifier` of a request. */
export function SafetyIdentifier(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'Identifies the end user for the provider; forwarded.' }),
    IsString(),
    IsOptional(),
  );
}

/** `prompt_cache_key` of a request. */
export function PromptCacheKey(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'Groups requests that share a prompt, for the cache of the provider; forwarded.' }),
    IsString(),
    IsOptional(),
  );
}

/** `prompt_cache_retention` of a request. */
export function PromptCacheRetention(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'How long the provider may keep the prompt in its cache; forwarded.', example: '24h' }),
    IsString(),
    IsOptional(),
  );
}

/** `service_tier` of a request. */
export function RequestedServiceTier(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'The tier that the provider should serve the request in; forwarded.', example: 'auto' }),
    IsString(),
    IsOptional(),
  );
}
