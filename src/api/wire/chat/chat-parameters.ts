import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsBoolean,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Max,
  Min,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { JsonObject } from '../../../kernel/index.js';
import { NotOffered, OneOf, OrString } from '../../../schema/index.js';
import {
  EndUser,
  FrequencyPenalty,
  ParallelToolCalls,
  PresencePenalty,
  PromptCacheKey,
  PromptCacheRetention,
  RequestedServiceTier,
  SafetyIdentifier,
  Temperature,
  TopP,
} from '../shared-parameters.js';
import { RESPONSE_FORMATS, type ResponseFormat } from './response-format.js';
import { type Tool, TOOL_CHOICES, type ToolChoice, TOOLS } from './tools.js';

/**
 * The parameters of a request for the models of a workflow, in the form of a chat. Null means "not given". Parameters
 * that are not declared here are kept, since clients and providers keep adding new ones.
 */
export class ChatParameters {
  readonly [parameter: string]: unknown;

  @Temperature()
  readonly temperature?: number | null;

  @TopP()
  readonly top_p?: number | null;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1, {
    message: 'a workflow gives one choice. Leave `n` out, or send one request for each completion.',
    context: { code: 'unsupported_value' },
  })
  @JSONSchema({ description: 'Number of choices. A workflow gives one.', default: 1 })
  readonly n?: number | null;

  @IsOptional()
  @IsInt()
  @Min(1)
  @JSONSchema({ description: 'Most tokens that the model may write, its reasoning included.', example: 1024 })
  readonly max_completion_tokens?: number | null;

  @IsOptional()
  @IsInt()
  @Min(1)
  @JSONSchema({ description: 'Older name of `max_completion_tokens`.', deprecated: true })
  readonly max_tokens?: number | null;

  @IsOptional()
  @OrString()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(4)
  @IsString({ each: true })
  @JSONSchema({
    description: 'The model stops before it writes one of these: a string, or up to four.',
    example: ['\n'],
  })
  readonly stop?: string | readonly string[] | null;

  @PresencePenalty()
  readonly presence_penalty?: number | null;

  @FrequencyPenalty()
  readonly frequency_penalty?: number | null;

  @IsOptional()
  @IsObject()
  @JSONSchema({
    description: 'Makes tokens, by their id, likelier (up to 100) or less likely (down to -100).',
    additionalProperties: true,
    example: { '50256': -100 },
  })
  readonly logit_bias?: JsonObject | null;

  @IsOptional()
  @IsBoolean()
  @JSONSchema({ description: 'Whether to return the probability of each token of the completion.', default: false })
  readonly logprobs?: boolean | null;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(20)
  @JSONSchema({ description: 'How many likely tokens to return for each position; needs `logprobs: true`.' })
  readonly top_logprobs?: number | null;

  @IsOptional()
  @IsInt()
  @Min(-(2 ** 63))
  @Max(2 ** 63)
  @JSONSchema({
    description:
      'Asks for the same completion each time, as far as the model can. Beyond 2^53 an integer is refused if it is not exact.',
    deprecated: true,
    example: 42,
  })
  readonly seed?: number | null;

  @IsOptional()
  @OneOf('type', RESPONSE_FORMATS)
  @JSONSchema({ description: 'The form of the completion. Nodes with a form of their own keep it.' })
  readonly response_format?: ResponseFormat | null;

  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @OneOf('type', TOOLS, { each: true })
  @JSONSchema({ description: 'Tools of the client that the model may call.' })
  readonly tools?: readonly Tool[] | null;

  @IsOptional()
  @OrString('none', 'auto', 'required')
  @OneOf('type', TOOL_CHOICES)
  @JSONSchema({ description: 'Whether and which tool the model calls; only together with `tools`.', example: 'auto' })
  readonly tool_choice?: ToolChoice | null;

  @ParallelToolCalls()
  readonly parallel_tool_calls?: boolean | null;

  @IsOptional()
  @NotOffered('this server offers functions to models in their present form only. Give them as `tools`.')
  @JSONSchema({ description: 'The former form of `tools`, which is refused: leave it out.', deprecated: true })
  readonly functions?: null;

  @IsOptional()
  @NotOffered('this server offers functions to models in their present form only. Give it as `tool_choice`.')
  @JSONSchema({ description: 'The former form of `tool_choice`, which is refused: leave it out.', deprecated: true })
  readonly function_call?: null;

  @EndUser()
  readonly user?: string | null;

  @SafetyIdentifier()
  readonly safety_identifier?: string | null;

  @PromptCacheKey()
  readonly prompt_cache_key?: string | null;

  @PromptCacheRetention()
  readonly prompt_cache_retention?: string | null;

  @IsOptional()
  @IsObject()
  @JSONSchema({
    description: 'Notes about the request, shown in its trace.',
    additionalProperties: true,
    example: { session: 'a1' },
  })
  readonly metadata?: JsonObject | null;

  @RequestedServiceTier()
  readonly service_tier?: string | null;

  @IsOptional()
  @IsString()
  @JSONSchema({ description: 'How long a reasoning model thinks; forwarded.', example: 'medium' })
  readonly reasoning_effort?: string | null;

  @IsOptional()
  @IsString()
  @JSONSchema({ description: 'How long the output is; forwarded.', example: 'low' })
  readonly verbosity?: string | null;

  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  @JSONSchema({
    description: 'Kinds of output: `text`, `audio` (OpenAI), `image` (OpenRouter and other gateways); forwarded.',
    example: ['text', 'audio'],
  })
  readonly modalities?: readonly string[] | null;

  @IsOptional()
  @IsObject()
  @JSONSchema({
    description: 'Voice and format of spoken output; forwarded.',
    additionalProperties: true,
    example: { voice: 'alloy', format: 'pcm16' },
  })
  readonly audio?: JsonObject | null;

  @IsOptional()
  @IsObject()
  @JSONSchema({
    description: 'Lets the model search the web. Sources that it names come as `annotations`; forwarded.',
    additionalProperties: true,
    example: { search_context_size: 'low' },
  })
  readonly web_search_options?: JsonObject | null;
}
