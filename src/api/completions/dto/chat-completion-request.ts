import { ArrayNotEmpty, IsArray, IsBoolean, IsOptional } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { Message } from '../../../models/index.js';
import { Nested, OneOf } from '../../../schema/index.js';
import { ChatParameters, MESSAGE_ROLES, WorkflowModel } from '../../wire/index.js';
import { ChatCompletionStreamOptions } from './stream-options.js';

/** Body of `POST /v1/chat/completions`, as the client sent it. */
@JSONSchema({
  description:
    'A conversation to continue. Null means "not given" for every optional parameter; nothing is converted ' +
    '(`"0.5"` is not a number); unknown parameters are accepted and reach the nodes. Beyond this schema: `tool_choice` ' +
    'needs `tools`, `top_logprobs` needs `logprobs: true`, and `stream_options` needs a streamed response.',
  example: {
    model: 'chat',
    messages: [{ role: 'user', content: 'Why is the sky blue?' }],
    stream: true,
  },
})
export class ChatCompletionRequest extends ChatParameters {
  @WorkflowModel()
  readonly model: string;

  @IsArray()
  @ArrayNotEmpty()
  @OneOf('role', MESSAGE_ROLES, { each: true })
  @JSONSchema({
    description: 'The conversation so far, oldest message first.',
    example: [
      { role: 'system', content: 'Answer in one sentence.' },
      { role: 'user', content: 'Why is the sky blue?' },
    ],
  })
  readonly messages: readonly Message[];

  @IsOptional()
  @IsBoolean()
  @JSONSchema({
    description: 'Sends the completion piece by piece as server-sent events, ended by `data: [DONE]`.',
    default: false,
  })
  readonly stream?: boolean | null;

  @IsOptional()
  @Nested(() => ChatCompletionStreamOptions)
  @JSONSchema({ description: 'Options of a streamed response; only together with `stream: true`.' })
  readonly stream_options?: ChatCompletionStreamOptions | null;

  @IsOptional()
  @IsBoolean()
  @JSONSchema({ description: 'Accepted. This server stores no completions.', default: false })
  readonly store?: boolean | null;
}
