import { Equals, IsArray, IsInt, IsObject, IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { JsonObject } from '../../../kernel/index.js';
import { Nested, OrAbsent } from '../../../schema/index.js';

/** A workflow, described as OpenAI describes a model. */
@JSONSchema({
  description: 'A workflow, described as a model.',
  example: { id: 'chat', object: 'model', created: 1795344000, owned_by: 'millrace' },
})
export class ModelCard {
  @IsString()
  @JSONSchema({ description: 'What to give as `model` in a request.' })
  readonly id: string;

  @Equals('model')
  @JSONSchema({ description: 'Always `model`.' })
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

/** All workflows. */
@JSONSchema({ description: 'All workflows.' })
export class ModelList {
  @Equals('list')
  @JSONSchema({ description: 'Always `list`.' })
  readonly object: 'list';

  @IsArray()
  @Nested(() => ModelCard, { each: true })
  @JSONSchema({ description: 'The workflows.' })
  readonly data: readonly ModelCard[];
}
