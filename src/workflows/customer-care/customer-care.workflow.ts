import { agent, type ChatRefs, type Flow, promptFile, Workflow } from 'millrace';
import { decide, Intent, SpamCheck } from './decide.js';

/** Tells the customer what happens next where no model needs to write. (Here your ticket system would be called.) */
const NOTICES = {
  close: 'This message was closed without an answer.',
  escalate: 'Thank you. A colleague will look into this personally and write to you today.',
  invoice: 'Thank you. Your invoice question went to our accounting; they answer within two working days.',
};

/** Two silent calls at the same time, a decision by code, and one of four ways to continue. */
@Workflow({ id: 'customer-care', description: 'Sorts a ticket, and closes, hands over or answers it' })
export class CustomerCareWorkflow {
  readonly classify = agent({
    instructions: 'You sort the tickets of a customer service. Say what the customer of this message wants.',
    output: Intent,
    retries: 1,
  });
  readonly filterSpam = agent({
    instructions: 'You keep spam away from a customer service. Say whether this message is spam.',
    output: SpamCheck,
    retries: 1,
  });
  readonly reply = agent({
    instructions: promptFile<Pick<Intent, 'intent' | 'reasoning'>>('./prompts/reply.md', import.meta.url),
  });

  define(flow: Flow, { messages }: ChatRefs) {
    const intent = flow.ask(this.classify, { messages });
    const filter = flow.ask(this.filterSpam, { messages });
    const decision = flow.run('decide', { intent, filter }, decide);
    return flow.route(decision, {
      close: (branch) => branch.run('notice', {}, () => NOTICES.close),
      escalate: (branch) => branch.run('notice', {}, () => NOTICES.escalate),
      invoice: (branch) => branch.run('notice', {}, () => NOTICES.invoice),
      reply: (branch) =>
        branch.stream(this.reply, { messages, intent: intent.get('intent'), reasoning: intent.get('reasoning') }),
    });
  }
}
