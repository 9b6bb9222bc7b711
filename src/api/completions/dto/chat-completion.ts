import { Equals, IsArray, IsIn, IsInt, IsObject, IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { JsonObject } from '../../../kernel/index.js';
import type { FinishReason, Usage } from '../../../models/index.js';
import { Always, Nested, OneOf, OrAbsent, OrNull } from '../../../schema/index.js';
import { TOOL_CALLS, type ToolCall } from '../../wire/index.js';
import { CompletionUsage } from './completion-usage.js';
import { FINISH_REASON_MEANING, FINISH_REASONS } from './finish-reasons.js';
import { ChoiceLogprobs } from './logprobs.js';
import { ServiceTier, SystemFingerprint } from './provider-fields.js';
import { AskedModel, ChoiceIndex, RunId, StartedAt } from './completion-fields.js';

@JSONSchema({ description: 'Spoken output.' })
export class CompletionAudio {
  @IsString()
  @JSONSchema({ description: 'The id by which the next request can refer to it. Empty if the provider gave none.' })
  readonly id: string;

  @IsString()
  @JSONSchema({ description: 'The sound, in base64 and the format that the request asked for.' })
  readonly data: string;

  @IsString()
  @JSONSchema({ description: 'The transcript.' })
  readonly transcript: string;

  @IsInt()
  @JSONSchema({
    description: 'Until when the id is known, in seconds since the Unix epoch; 0 if the provider did not say.',
  })
  readonly expires_at: number;
}

@JSONSchema({ description: 'The completion as a message. It can be sent back as it is in the next request.' })
class ChatCompletionMessage {
  @Always('assistant')
  readonly role: 'assistant';

  @OrNull()
  @IsString()
  @JSONSchema({ description: 'The text; null if there is none, for example beside tool calls or sound.' })
  readonly content: string | null;

  @OrNull()
  @IsString()
  @JSONSchema({ description: 'The refusal, or null.' })
  readonly refusal: string | null;

  @OrAbsent()
  @IsArray()
  @OneOf('type', TOOL_CALLS, { each: true })
  @JSONSchema({ description: "Calls of the client's tools; absent if there are none." })
  readonly tool_calls?: readonly ToolCall[];

  @OrAbsent()
  @IsString()
  @JSONSchema({ description: 'The reasoning, if it is known (an extension that DeepSeek introduced).' })
  readonly reasoning_content?: string;

  @OrAbsent()
  @IsString()
  @JSONSchema({ description: 'The same text under the name that other clients read.' })
  readonly reasoning?: string;

  @OrAbsent()
  @IsArray()
  @IsObject({ each: true })
  @JSONSchema({ description: 'Sources that the provider names. Places count in `content`, in Unicode code points.' })
  readonly annotations?: readonly JsonObject[];

  @OrAbsent()
  @IsArray()
  @IsObject({ each: true })
  @JSONSchema({ description: 'Images that the model made (an extension that OpenRouter introduced).' })
  readonly images?: readonly JsonObject[];

  @OrAbsent()
  @Nested(() => CompletionAudio)
  @JSONSchema({ description: 'The spoken output, if requested.' })
  readonly audio?: CompletionAudio;
}

@JSONSchema({ description: 'A choice.' })
class ChatCompletionChoice {
  @ChoiceIndex()
  readonly index: number;

  @Nested(() => ChatCompletionMessage)
  @JSONSchema({ description: 'The message.' })
  readonly message: ChatCompletionMessage;

  @OrNull()
  @Nested(() => ChoiceLogprobs)
  @JSONSchema({ description: 'Probabilities, if requested; else null.' })
  readonly logprobs: ChoiceLogprobs | null;

  @IsIn([...FINISH_REASONS])
  @JSONSchema({ description: `Why the model stopped. ${FINISH_REASON_MEANING}` })
  readonly finish_reason: FinishReason;
}

@JSONSchema({
  description: 'The whole completion, for a request without `stream: true`.',
  example: {
    id: 'chatcmpl-5f2b7c0e9d4a4b1f8e6c3a27',
    object: 'chat.completion',
    created: 1795344000,
    model: 'chat',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Because air scatters blue light most.', refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 11, completion_tokens: 5, total_tokens: 16 },
    system_fingerprint: null,
  },
})
export class ChatCompletion {
  @RunId()
  readonly id: string;

  @Always('chat.completion')
  readonly object: 'chat.completion';

  @StartedAt()
  readonly created: number;

  @AskedModel()
  readonly model: string;

  @IsArray()
  @Nested(() => ChatCompletionChoice, { each: true })
  @JSONSchema({ description: 'The one choice.' })
  readonly choices: readonly ChatCompletionChoice[];

  @OrAbsent()
  @Nested(() => CompletionUsage)
  @JSONSchema({ description: 'The usage of the request; absent if no provider reported it.' })
  readonly usage?: Usage;

  @OrAbsent()
  @Equals(true)
  @JSONSchema({
    type: 'boolean',
    description:
      'True if more may have been used than `usage` shows: a step was active when its process ended. Else absent.',
  })
  readonly usage_incomplete?: true;

  @SystemFingerprint()
  readonly system_fingerprint?: string | null;

  @ServiceTier()
  readonly service_tier?: string | null;
}
