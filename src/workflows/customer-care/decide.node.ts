import { Injectable } from '@nestjs/common';
import { Node } from '../../nodes/index.js';
import type { IntentDto } from './intent.dto.js';
import type { SpamDto } from './spam.dto.js';

/** What is done with a ticket. */
export type Decision = 'close' | 'escalate' | 'invoice' | 'reply';

/** Decides what is done with a ticket: rules of the business, in code and not in a prompt. */
@Injectable()
export class DecideNode extends Node<{ intent: IntentDto; filter: SpamDto }, Decision> {
  process({ intent, filter }: { intent: IntentDto; filter: SpamDto }): Decision {
    if (filter.spam) return 'close';
    if (intent.escalate || intent.intent === 'refund') return 'escalate';
    return intent.intent === 'invoice' ? 'invoice' : 'reply';
  }
}
