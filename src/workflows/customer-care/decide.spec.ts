import { describe, expect, it } from '@jest/globals';
import { decide, type Intent } from './decide.js';

describe('What is done with a ticket', () => {
  const intent = (wanted: Intent['intent'], escalate = false): Intent => ({ reasoning: '', intent: wanted, escalate });
  const filter = (spam = false) => ({ reasoning: '', spam });

  it.each([
    ['spam is closed, whatever it asks for', intent('refund', true), filter(true), 'close'],
    ['anger goes to a person', intent('invoice', true), filter(), 'escalate'],
    ['money that is to be paid back goes to a person', intent('refund'), filter(), 'escalate'],
    ['invoices go to accounting', intent('invoice'), filter(), 'invoice'],
    ['questions are answered', intent('product question'), filter(), 'reply'],
  ])('%s', (_, given, filtered, decision) => {
    expect(decide({ intent: given, filter: filtered })).toBe(decision);
  });
});
