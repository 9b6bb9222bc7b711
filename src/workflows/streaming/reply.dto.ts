import { IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';

/** A considered answer. The order of the fields is the order in which the model writes them: it thinks first. */
export class ReplyDto {
  @IsString()
  @JSONSchema({ description: 'What speaks for and against the possible answers, step by step' })
  readonly thinking: string;

  @IsString()
  @JSONSchema({ description: 'The answer to the user' })
  readonly reply: string;
}
