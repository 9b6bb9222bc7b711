import { applyDecorators } from '@nestjs/common';
import { IsInt, IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';

// Fields of whole completions and of their chunks.

/** `id` of a completion and its chunks. */
export function RunId(): PropertyDecorator {
  return applyDecorators(JSONSchema({ description: 'Id of the run.' }), IsString());
}

/** `created` of a completion and its chunks. */
export function StartedAt(): PropertyDecorator {
  return applyDecorators(
    JSONSchema({ description: 'When the run started, in seconds since the Unix epoch.' }),
    IsInt(),
  );
}

/** `model` of a completion and its chunks. */
export function AskedModel(): PropertyDecorator {
  return applyDecorators(JSONSchema({ description: 'The name of the workflow, as the request gave it.' }), IsString());
}

/** `index` of the choice. */
export function ChoiceIndex(): PropertyDecorator {
  return applyDecorators(JSONSchema({ description: 'Always 0: a workflow gives one choice.' }), IsInt());
}
