import { Equals, IsArray, IsIn, IsInt, IsObject, IsOptional, IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { JsonObject } from '../../../kernel/index.js';
import type { FinishReason, Usage } from '../../../models/index.js';
import { Always, Nested, OrAbsent, OrNull } from '../../../schema/index.js';
import { CompletionUsage } from './completion-usage.js';
import { FINISH_REASON_MEANING, FINISH_REASONS } from './finish-reasons.js';
import { ChoiceLogprobs } from './logprobs.js';
import { ServiceTier, SystemFingerprint } from './provider-fields.js';
import { ToolCallChunk } from './tool-call-chunk.js';
import { AskedModel, ChoiceIndex, RunId, StartedAt } from './completion-fields.js';

@JSONSchema({ description: 'A piece of spoken output. Fields that did not change are absent.' })
class CompletionAudioChunk {
  @OrAbsent()
  @IsString()
  @JSONSchema({ description: 'The id by which the next request can refer to it; sent once.' })
  readonly id?: string;

  @OrAbsent()
  @IsString()
  @JSONSchema({ description: 'The next bytes, in base64 and the format that the request asked for.' })
  readonly data?: string;

  @OrAbsent()
  @IsString()
  @JSONSchema({ description: 'The next words of the transcript.' })
  readonly transcript?: string;

  @OrAbsent()
  @IsInt()
  @JSONSchema({ description: 'Until when the id is known, in seconds since the Unix epoch; sent once, at the end.' })
  readonly expires_at?: number;
}

@JSONSchema({ description: 'The change since the chunk before. Clients join pieces of text.' })
class ChatCompletionDelta {
  @OrAbsent()
  @Equals('assistant')
  @JSONSchema({ description: 'In the first chunk only.' })
  readonly role?: 'assistant';

  @IsOptional()
  @IsString()
  @JSONSchema({ description: 'The next piece of the text.' })
  readonly content?: string | null;

  @IsOptional()
  @IsString()
  @JSONSchema({ description: 'The next piece of a refusal.' })
  readonly refusal?: string | null;

  @OrAbsent()
  @IsArray()
  @Nested(() => ToolCallChunk, { each: true })
  @JSONSchema({ description: "The next pieces of calls of the client's tools." })
  readonly tool_calls?: readonly ToolCallChunk[];

  @OrAbsent()
  @IsString()
  @JSONSchema({ description: 'The next piece of the reasoning (an extension that DeepSeek introduced).' })
  readonly reasoning_content?: string;

  @OrAbsent()
  @IsString()
  @JSONSchema({ description: 'The same piece under the name that other clients read.' })
  readonly reasoning?: string;

  @OrAbsent()
  @IsArray()
  @IsObject({ each: true })
  @JSONSchema({
    description: 'Further sources that the provider names, each with its `index`. Places count in all of `content`.',
  })
  readonly annotations?: readonly JsonObject[];

  @OrAbsent()
  @IsArray()
  @IsObject({ each: true })
  @JSONSchema({
    description: 'Further images that the model made, each whole and with its `index` (an extension of OpenRouter).',
  })
  readonly images?: readonly JsonObject[];

  @OrAbsent()
  @Nested(() => CompletionAudioChunk)
  @JSONSchema({ description: 'The next piece of the spoken output.' })
  readonly audio?: CompletionAudioChunk;
}

@JSONSchema({ description: 'A piece of the choice.' })
class ChatCompletionChunkChoice {
  @ChoiceIndex()
  readonly index: number;

  @Nested(() => ChatCompletionDelta)
  @JSONSchema({ description: 'What is new.' })
  readonly delta: ChatCompletionDelta;

  @IsOptional()
  @Nested(() => ChoiceLogprobs)
  @JSONSchema({ description: 'Probabilities of this piece, if requested; else null.' })
  readonly logprobs?: ChoiceLogprobs | null;

  @OrNull()
  @IsIn([...FINISH_REASONS])
  @JSONSchema({ description: `Null until the last piece, then why the model stopped. ${FINISH_REASON_MEANING}` })
  readonly finish_reason: FinishReason | null;
}

@JSONSchema({
  description: 'One event of a streamed completion. All chunks of a completion have the same id, time and model.',
  example: {
    id: 'chatcmpl-5f2b7c0e9d4a4b1f8e6c3a27',
    object: 'chat.completion.chunk',
    created: 1795344000,
    model: 'chat',
    choices: [{ index: 0, delta: { content: 'Because' }, logprobs: null, finish_reason: null }],
    system_fingerprint: null,
  },
})
export class ChatCompletionChunk {
  @RunId()
  readonly id: string;

  @Always('chat.completion.chunk')
  readonly object: 'chat.completion.chunk';

  @StartedAt()
  readonly created: number;

  @AskedModel()
  readonly model: string;

  @IsArray()
  @Nested(() => ChatCompletionChunkChoice, { each: true })
  @JSONSchema({ description: 'The piece; empty only in the chunk with the usage.' })
  readonly choices: readonly ChatCompletionChunkChoice[];

  @IsOptional()
  @Nested(() => CompletionUsage)
  @JSONSchema({ description: 'Only with `stream_options.include_usage`: null, and the counts in the last chunk.' })
  readonly usage?: Usage | null;

  @OrAbsent()
  @Equals(true)
  @JSONSchema({
    type: 'boolean',
    description:
      'True if more may have been used than `usage` shows: a step was active when its process ended. In the chunk with the counts; else absent.',
  })
  readonly usage_incomplete?: true;

  @SystemFingerprint()
  readonly system_fingerprint?: string | null;

  @ServiceTier()
  readonly service_tier?: string | null;

  @OrAbsent()
  @IsObject()
  @JSONSchema({
    description: 'What happens in the workflow, on request (header `millrace-events: true`), beside an empty delta.',
    additionalProperties: true,
  })
  readonly millrace?: JsonObject;
}
