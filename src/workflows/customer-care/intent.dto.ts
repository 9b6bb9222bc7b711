import { IsBoolean, IsIn, IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';

/** What a customer wants. */
export const INTENTS = ['general question', 'product question', 'invoice', 'refund'] as const;

/** A ticket, classified. */
export class IntentDto {
  @IsString()
  @JSONSchema({ description: 'What in the message speaks for the intent' })
  readonly reasoning: string;

  @IsIn([...INTENTS])
  @JSONSchema({ description: 'What the customer wants' })
  readonly intent: (typeof INTENTS)[number];

  @IsBoolean()
  @JSONSchema({ description: 'True if a person must decide: threats, legal matters, great anger' })
  readonly escalate: boolean;
}
