import { applyDecorators } from '@nestjs/common';
import { ArrayNotEmpty, IsArray, IsOptional, IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Always, Nested, OneOf, OptionalBeside, OrString } from '../../../schema/index.js';
import {
  ASSISTANT_PARTS,
  type AssistantContentPart,
  RefusalStandsAlone,
  TEXT_PARTS,
  type TextPart,
  USER_PARTS,
  type UserContentPart,
} from './content-parts.js';
import { CalledFunction, TOOL_CALLS, type ToolCall } from './tool-calls.js';
import { InstructingRole } from '../shared-parts.js';

/**
 * A text, or a list of parts that is not empty.
 * @param description for the schema
 */
function TextOrParts(parts: Parameters<typeof OneOf>[1], description: string): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description }),
    OneOf('type', parts, { each: true }),
    ArrayNotEmpty(),
    IsArray(),
    OrString(),
  );
}

function SpeakerName(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'Distinguishes several speakers of one role.' }),
    IsString(),
    IsOptional(),
  );
}

@JSONSchema({
  description: 'Instructions of the application for the model. Newer models call this role `developer`.',
  example: { role: 'system', content: 'Answer in one sentence.' },
})
class SystemMessage {
  @InstructingRole()
  readonly role: 'system' | 'developer';

  @TextOrParts(TEXT_PARTS, 'The text, whole or in parts.')
  readonly content: string | readonly TextPart[];

  @SpeakerName()
  readonly name?: string | null;
}

@JSONSchema({ description: 'A message of the user.', example: { role: 'user', content: 'Why is the sky blue?' } })
class UserMessage {
  @Always('user')
  readonly role: 'user';

  @TextOrParts(USER_PARTS, 'The text, or parts: text, images, sound, files. Parts reach the model as they are.')
  readonly content: string | readonly UserContentPart[];

  @SpeakerName()
  readonly name?: string | null;
}

@JSONSchema({ description: 'Sound of an earlier completion, by its id.' })
class AssistantAudio {
  @IsString()
  @JSONSchema({ description: 'Id of the sound.' })
  readonly id: string;
}

@JSONSchema({
  description:
    'An earlier output of the model. `content` may be null or left out only beside tool calls, a function call, a refusal ' +
    'or audio. Fields that completions have and the API does not take, such as `reasoning_content`, are accepted.',
  example: { role: 'assistant', content: 'Because air scatters blue light most.' },
})
class AssistantMessage {
  @Always('assistant')
  readonly role: 'assistant';

  @OptionalBeside('tool_calls', 'function_call', 'refusal', 'audio')
  @OrString()
  @IsArray()
  @ArrayNotEmpty()
  @RefusalStandsAlone()
  @OneOf('type', ASSISTANT_PARTS, { each: true })
  @JSONSchema({ description: 'The text, whole or in parts, or one part with a refusal.' })
  readonly content?: string | readonly AssistantContentPart[] | null;

  @IsOptional()
  @IsString()
  @JSONSchema({ description: 'A refusal of the model.' })
  readonly refusal?: string | null;

  @IsOptional()
  @IsArray()
  @OneOf('type', TOOL_CALLS, { each: true })
  @JSONSchema({ description: 'The calls that the model made. A `tool` message for each follows.' })
  readonly tool_calls?: readonly ToolCall[] | null;

  @IsOptional()
  @Nested(() => CalledFunction)
  @JSONSchema({ description: 'The call that the model made. Replaced by `tool_calls`.', deprecated: true })
  readonly function_call?: CalledFunction | null;

  @IsOptional()
  @Nested(() => AssistantAudio)
  @JSONSchema({ description: 'Sound that the model gave.' })
  readonly audio?: AssistantAudio | null;

  @SpeakerName()
  readonly name?: string | null;
}

@JSONSchema({
  description: 'The output of a tool.',
  example: { role: 'tool', tool_call_id: 'call_1', content: '{"celsius":7}' },
})
class ToolMessage {
  @Always('tool')
  readonly role: 'tool';

  @TextOrParts(TEXT_PARTS, 'The result, whole or in parts.')
  readonly content: string | readonly TextPart[];

  @IsString()
  @JSONSchema({ description: 'Id of the call that this answers.', example: 'call_1' })
  readonly tool_call_id: string;
}

@JSONSchema({ description: 'The output of a function. Replaced by `tool`.', deprecated: true })
class FunctionMessage {
  @Always('function')
  readonly role: 'function';

  @IsOptional()
  @IsString()
  @JSONSchema({ description: 'The result.' })
  readonly content?: string | null;

  @IsString()
  @JSONSchema({ description: 'Name of the function.' })
  readonly name: string;
}

/** Classes of messages by their `role`. */
export const MESSAGE_ROLES = {
  developer: SystemMessage,
  system: SystemMessage,
  user: UserMessage,
  assistant: AssistantMessage,
  tool: ToolMessage,
  function: FunctionMessage,
};
