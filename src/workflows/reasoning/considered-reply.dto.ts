import { IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';

/** An answer with the thoughts that led to it. */
export class ConsideredReplyDto {
  @IsString()
  @JSONSchema({ description: 'The thoughts that lead to the answer, step by step' })
  readonly thinking: string;

  @IsString()
  @JSONSchema({ description: 'The answer to the user, without the thoughts' })
  readonly reply: string;
}
