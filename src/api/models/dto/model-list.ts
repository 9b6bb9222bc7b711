import { IsArray, IsInt, IsObject, IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { JsonObject } from '../../../kernel/index.js';
import { Always, Nested, OrAbsent } from '../../../schema/index.js';

@JSONSchema({
  description: 'A workflow, described as a model.',
  example: { id: 'chat', object: 'model', created: 1795344000, owned_by: 'millrace' },
})
export class ModelCard {
  @IsString()
  @JSONSchema({ description: 'What to give as `model` in a request.' })
  readonly id: string;

  @Always('model')
  readonly object: 'model';

  @IsInt()
  @JSONSchema({ description: 'A time in seconds since the Unix epoch that does not change while the server runs.' })
  readonly created: number;

  @IsString()
  @JSONSchema({ description: 'Who offers it.' })
  readonly owned_by: string;

  @OrAbsent()
  @IsObject()
  @JSONSchema({
    description: 'More about the workflow: an extension of this server.',
    additionalProperties: true,
  })
  readonly millrace?: JsonObject;
}

@JSONSchema({ description: 'All workflows.' })
export class ModelList {
  @Always('list')
  readonly object: 'list';

  @IsArray()
  @Nested(() => ModelCard, { each: true })
  @JSONSchema({ description: 'The workflows.' })
  readonly data: readonly ModelCard[];
}
