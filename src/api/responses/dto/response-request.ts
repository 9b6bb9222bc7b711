import { IsArray, IsBoolean, IsIn, IsInt, IsObject, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { JsonObject } from '../../../kernel/index.js';
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
  WorkflowModel,
} from '../../wire/index.js';
import { Nested, NotOffered, OrString } from '../../../schema/index.js';
import { INPUT_ITEMS } from './input-items.js';
import { ResponseReasoning, ResponseStreamOptions, ResponseText } from './text-format.js';
import { type ResponseTool, type ResponseToolChoice, TOOL_CHOICES, TOOLS } from './tools.js';

/** One of some classes, or any object: describes parameters that are checked by hand. */
function describeForms(classes: readonly { readonly name: string }[]): {
  anyOf: ({ $ref: string } | { type: 'object' })[];
} {
  return { anyOf: [...classes.map(({ name }) => ({ $ref: `#/components/schemas/${name}` })), { type: 'object' }] };
}

/** Body of `POST /v1/responses`, as the client sent it. Unknown parameters do nothing: clients send new ones all the time. */
@JSONSchema({
  description:
    'A conversation to continue. Null means "not given"; nothing is converted (`"0.5"` is not a number); unknown ' +
    'parameters are accepted. Beyond this schema: `input` may be left out only beside `previous_response_id`, and ' +
    '`stream_options` needs `stream: true`.',
  example: { model: 'chat', input: 'Why is the sky blue?', stream: true },
})
export class ResponseRequest {
  readonly [parameter: string]: unknown;

  // Declared first: a client that sends it may leave out the model, and should get this error.
  @IsOptional()
  @NotOffered('this server stores no prompts. Send `instructions` and `input` instead.')
  @JSONSchema({ description: 'A stored prompt, of which this server has none: leave it out.' })
  readonly prompt?: null;

  @WorkflowModel()
  readonly model: string;

  @IsOptional()
  @OrString()
  @IsArray()
  @JSONSchema({
    description: 'The input for the model: a text of the user, or items, oldest first.',
    items: describeForms(INPUT_ITEMS),
    example: [{ role: 'user', content: 'Why is the sky blue?' }],
  })
  readonly input?: string | readonly JsonObject[] | null;

  @IsOptional()
  @IsString()
  @JSONSchema({
    description: 'A system message before everything else, for this response only.',
    example: 'Answer in one sentence.',
  })
  readonly instructions?: string | null;

  @IsOptional()
  @IsString()
  @JSONSchema({
    description: 'Id of the stored response to continue. Its instructions and tools are not taken over.',
  })
  readonly previous_response_id?: string | null;

  @IsOptional()
  @NotOffered('this server keeps no conversations. Send `previous_response_id`, or the whole conversation as `input`.')
  @JSONSchema({ description: 'A stored conversation, of which this server has none: leave it out.' })
  readonly conversation?: null;

  @IsOptional()
  @IsBoolean()
  @JSONSchema({
    description: 'Whether the response is stored, if this server stores any. The response shows whether it was.',
    default: true,
  })
  readonly store?: boolean | null;

  @IsOptional()
  @IsBoolean()
  @JSONSchema({
    description:
      'Whether the response continues without its client. Needs a server that stores responses, and `store`.',
    default: false,
  })
  readonly background?: boolean | null;

  @IsOptional()
  @IsBoolean()
  @JSONSchema({
    description: 'Sends the response as server-sent events while it comes into being.',
    default: false,
  })
  readonly stream?: boolean | null;

  @IsOptional()
  @Nested(() => ResponseStreamOptions)
  @JSONSchema({ description: 'Options of a streamed response; only together with `stream: true`.' })
  readonly stream_options?: ResponseStreamOptions | null;

  @IsOptional()
  @IsArray()
  @JSONSchema({
    description:
      'Tools that the model may call. Functions and custom tools are run by the client, those of MCP servers by this ' +
      'server; a tool of any other type is accepted and not offered to the model. A workflow that takes no tools leaves ' +
      'them all out.',
    items: describeForms(Object.values(TOOLS)),
  })
  readonly tools?: readonly ResponseTool[] | null;

  @IsOptional()
  @OrString('none', 'auto', 'required')
  @IsObject()
  @JSONSchema({
    description: 'Whether and which tool the model calls. Refused if it demands a tool that is not offered.',
    anyOf: Object.values(TOOL_CHOICES).map(({ name }) => ({ $ref: `#/components/schemas/${name}` })),
    example: 'auto',
  })
  readonly tool_choice?: ResponseToolChoice | null;

  @ParallelToolCalls()
  readonly parallel_tool_calls?: boolean | null;

  @IsOptional()
  @IsInt()
  @JSONSchema({ description: 'Most calls of tools of MCP servers.' })
  readonly max_tool_calls?: number | null;

  @IsOptional()
  @Nested(() => ResponseText)
  @JSONSchema({ description: 'The form of the output.' })
  readonly text?: ResponseText | null;

  @IsOptional()
  @Nested(() => ResponseReasoning)
  @JSONSchema({ description: 'How a reasoning model thinks.' })
  readonly reasoning?: ResponseReasoning | null;

  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  @JSONSchema({
    description:
      '`message.output_text.logprobs` asks for the probability of each token. Others are accepted and have no effect.',
    example: ['message.output_text.logprobs'],
  })
  readonly include?: readonly string[] | null;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(20)
  @JSONSchema({ description: 'How many likely tokens to return for each position.', default: 0 })
  readonly top_logprobs?: number | null;

  @Temperature()
  readonly temperature?: number | null;

  @TopP()
  readonly top_p?: number | null;

  @PresencePenalty()
  readonly presence_penalty?: number | null;

  @FrequencyPenalty()
  readonly frequency_penalty?: number | null;

  @IsOptional()
  @IsInt()
  @Min(1)
  @JSONSchema({
    description: 'Most tokens that the model may write, its reasoning included. A response cut by it is `incomplete`.',
    example: 1024,
  })
  readonly max_output_tokens?: number | null;

  @IsOptional()
  @IsIn(['auto', 'disabled'])
  @JSONSchema({ description: 'Accepted. Nothing is ever cut from the input.', default: 'disabled' })
  readonly truncation?: 'auto' | 'disabled' | null;

  @IsOptional()
  @IsObject()
  @JSONSchema({
    description: 'Notes about the request, returned in its response and shown in its trace: strings by name.',
    additionalProperties: { type: 'string' },
    example: { session: 'a1' },
  })
  readonly metadata?: JsonObject | null;

  @RequestedServiceTier()
  readonly service_tier?: string | null;

  @EndUser()
  readonly user?: string | null;

  @SafetyIdentifier()
  @MaxLength(64)
  readonly safety_identifier?: string | null;

  @PromptCacheKey()
  readonly prompt_cache_key?: string | null;

  @PromptCacheRetention()
  readonly prompt_cache_retention?: string | null;

  @IsOptional()
  @IsObject()
  @JSONSchema({ description: 'How the provider caches the prompt; forwarded.', additionalProperties: true })
  readonly prompt_cache_options?: JsonObject | null;
}
