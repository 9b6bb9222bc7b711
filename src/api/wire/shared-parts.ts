import { applyDecorators } from '@nestjs/common';
import { IsIn, IsObject, IsOptional, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';

// Fields that mean the same in both of OpenAI's protocols.

/** `text` of a part. */
export function PartText(): PropertyDecorator {
  return applyDecorators(JSONSchema({ description: 'The text. May be empty.' }), IsString());
}

/** The address of an image. */
export function ImageAddress(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({
      description: 'Web address of the image, or the image itself as a `data:` URL in base64.',
      example: 'https://example.com/cat.png',
    }),
    MinLength(1),
    IsString(),
  );
}

/** `data` of a sound. */
export function SoundData(): PropertyDecorator {
  return applyDecorators(JSONSchema({ description: 'The sound file in base64.' }), MinLength(1), IsString());
}

/** `format` of a sound. */
export function SoundFormat(): PropertyDecorator {
  return applyDecorators(JSONSchema({ description: 'Format of the sound file.' }), IsIn(['wav', 'mp3']));
}

/** `filename` of a file. */
export function FileName(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'Name of the file.', example: 'report.pdf' }),
    IsString(),
    IsOptional(),
  );
}

/** `file_data` of a file. */
export function FileData(): PropertyDecorator {
  return applyDecorators(JSONSchema({ description: 'The file as a `data:` URL in base64.' }), IsString());
}

/** `file_id` of a file. */
export function FileId(): PropertyDecorator {
  return applyDecorators(JSONSchema({ description: 'Id of an uploaded file.' }), IsString(), IsOptional());
}

/** `refusal` of a part. */
export function RefusalWords(): PropertyDecorator {
  return applyDecorators(JSONSchema({ description: 'The words of the refusal.' }), IsString());
}

/** `name` of a format that has a schema. */
export function FormatName(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'Name of the format.', example: 'weather' }),
    Matches(/^[A-Za-z0-9_-]+$/),
    MaxLength(64),
    IsString(),
  );
}

/** `description` of a format that has a schema. */
export function FormatPurpose(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'Explains to the model what the format is for.' }),
    IsString(),
    IsOptional(),
  );
}

/** `schema` of a format. */
export function FormatSchema(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({
      description: 'The schema. Forwarded unread.',
      additionalProperties: true,
      example: { type: 'object', properties: { celsius: { type: 'number' } }, required: ['celsius'] },
    }),
    IsObject(),
  );
}

/** `role` of instructions of the application. */
export function InstructingRole(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'The role of the author. Forwarded unchanged.' }),
    IsIn(['system', 'developer']),
  );
}

/** `name` of a function. */
export function FunctionName(): PropertyDecorator {
  return applyDecorators(JSONSchema({ description: 'Name of the function.', example: 'get_weather' }), IsString());
}

/** `name` of a custom tool. */
export function CustomToolName(): PropertyDecorator {
  return applyDecorators(JSONSchema({ description: 'Name of the tool.', example: 'run_query' }), IsString());
}

/** `input` of a custom tool that the model called. */
export function CustomToolInput(): PropertyDecorator {
  return applyDecorators(JSONSchema({ description: 'The input as the model wrote it: free text.' }), IsString());
}
