import { IsString } from 'class-validator';
import { Describe } from 'millrace';

/** A considered answer. The order of the fields is the order in which the model writes them: it thinks first. */
export class ReplyDto {
  @IsString()
  @Describe('What speaks for and against the possible answers, step by step')
  readonly thinking: string;

  @IsString()
  @Describe('The answer to the user')
  readonly reply: string;
}
