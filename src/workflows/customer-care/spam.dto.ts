import { IsBoolean, IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';

/** Whether a message deserves an answer. */
export class SpamDto {
  @IsString()
  @JSONSchema({ description: 'What in the message speaks for or against a customer who wants something' })
  readonly reasoning: string;

  @IsBoolean()
  @JSONSchema({ description: 'True for advertising, nonsense and automatic messages' })
  readonly spam: boolean;
}
