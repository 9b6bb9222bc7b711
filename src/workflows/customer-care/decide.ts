import { IsBoolean, IsIn, IsString } from 'class-validator';
import { Describe } from 'millrace';

/** What a customer wants. */
const INTENTS = ['general question', 'product question', 'invoice', 'refund'] as const;

/** A ticket, classified. */
export class Intent {
  @IsString()
  @Describe('What in the message speaks for the intent')
  readonly reasoning: string;

  @IsIn([...INTENTS])
  @Describe('What the customer wants')
  readonly intent: (typeof INTENTS)[number];

  @IsBoolean()
  @Describe('True if a person must decide: threats, legal matters, great anger')
  readonly escalate: boolean;
}

/** Whether a message deserves an answer. */
export class SpamCheck {
  @IsString()
  @Describe('What in the message speaks for or against a customer who wants something')
  readonly reasoning: string;

  @IsBoolean()
  @Describe('True for advertising, nonsense and automatic messages')
  readonly spam: boolean;
}

/** What is done with a ticket. */
type Decision = 'close' | 'escalate' | 'invoice' | 'reply';

/** Decides what is done with a ticket: rules of the business, in code and not in a prompt. */
export function decide({ intent, filter }: { readonly intent: Intent; readonly filter: SpamCheck }): Decision {
  if (filter.spam) return 'close';
  if (intent.escalate || intent.intent === 'refund') return 'escalate';
  return intent.intent === 'invoice' ? 'invoice' : 'reply';
}
