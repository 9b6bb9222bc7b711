import { describe, expect, it } from '@jest/globals';
import { DecideNode } from './decide.node.js';
import type { IntentDto } from './intent.dto.js';

describe('DecideNode', () => {
  const node = new DecideNode();
  const intent = (wanted: IntentDto['intent'], escalate = false): IntentDto => ({
    reasoning: '',
    intent: wanted,
    escalate,
  });
  const filter = (spam = false) => ({ reasoning: '', spam });

  it.each([
    ['spam is closed, whatever it asks for', intent('refund', true), filter(true), 'close'],
    ['anger goes to a person', intent('invoice', true), filter(), 'escalate'],
    ['money that is to be paid back goes to a person', intent('refund'), filter(), 'escalate'],
    ['invoices go to accounting', intent('invoice'), filter(), 'invoice'],
    ['questions are answered', intent('product question'), filter(), 'reply'],
  ])('%s', (_, given, filtered, decision) => {
    expect(node.process({ intent: given, filter: filtered })).toBe(decision);
  });
});
