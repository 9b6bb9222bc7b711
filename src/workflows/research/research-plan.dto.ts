import { IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';

/** A question taken apart. */
export class ResearchPlanDto {
  @IsString()
  @JSONSchema({ description: 'The question that must be answered first' })
  readonly basics: string;

  @IsString()
  @JSONSchema({ description: 'A question for what speaks in favour' })
  readonly benefits: string;

  @IsString()
  @JSONSchema({ description: 'A question for what speaks against, or can go wrong' })
  readonly risks: string;
}
