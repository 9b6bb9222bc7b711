import { describe, expect, it } from '@jest/globals';
import { Evidence, findKeywords } from './words.js';

const CATEGORIES = ['billing', 'technical', 'shipping', 'account', 'sales', 'other'];
const INTENTS = ['general question', 'product question', 'invoice', 'refund'];

function best(options: readonly string[], message: string): string | undefined {
  return options[new Evidence(message).rank(options)[0] ?? -1];
}

describe('Evidence', () => {
  it.each([
    ['My invoice is wrong, it shows the old address.', 'billing', 'invoice'],
    ['I was charged twice on my card.', 'billing', 'invoice'],
    ['The app crashes when I open a file.', 'technical', 'product question'],
    ['The export is not working since Monday.', 'technical', 'general question'],
    ['Where is my parcel? The tracking page has not changed.', 'shipping', 'general question'],
    ['I forgot my password and cannot sign in.', 'account', 'general question'],
    ['How much is a licence for 50 seats, and is there a discount?', 'sales', 'general question'],
    ['Is the lamp available in another colour?', 'other', 'product question'],
    ['Please refund my last order.', 'shipping', 'refund'],
    ['I want my money back, not an invoice.', 'other', 'refund'],
    ['What are your opening hours?', 'other', 'general question'],
    ['', 'other', 'general question'],
  ])('%s', (message, category, intent) => {
    expect([best(CATEGORIES, message), best(INTENTS, message)]).toEqual([category, intent]);
  });

  it.each([
    ['The whole site is down, this is urgent!', 'high', 'neutral'],
    ['Just a typo on the start page.', 'low', 'neutral'],
    ['What a great product, I love it.', 'medium', 'positive'],
    ['I am very disappointed.', 'medium', 'negative'],
    ['It is not urgent.', 'medium', 'neutral'],
  ])('%s has a priority and a mood', (message, priority, mood) => {
    expect(best(['low', 'medium', 'high'], message)).toBe(priority);
    expect(best(['positive', 'negative', 'neutral'], message)).toBe(mood);
  });

  it.each([
    { message: 'You won a prize! Click here.', name: 'spam', description: '', isSupported: true },
    {
      message: 'You won a prize! Click here.',
      name: 'discard',
      description: 'True for advertising',
      isSupported: true,
    },
    { message: 'This is no spam.', name: 'isSpam', description: '', isSupported: false },
    {
      message: 'My lawyer will call you.',
      name: 'escalate',
      description: 'True for threats and legal matters',
      isSupported: true,
    },
    {
      message: 'A person in your shop was friendly.',
      name: 'escalate',
      description: 'True if a person must decide',
      isSupported: false,
    },
    { message: 'Our dog ate it.', name: 'mentions_dog', description: '', isSupported: true },
    { message: 'Our cat ate it.', name: 'mentions_dog', description: '', isSupported: false },
  ])('"$message" supports $name, "$description": $isSupported', ({ message, name, description, isSupported }) => {
    expect(new Evidence(message).supports(name, description)).toBe(isSupported);
  });

  it('is about what is written, for any text', () => {
    expect(best(['a'.repeat(50), '🦖', ''], '🦖')).toBe('a'.repeat(50));
    expect(new Evidence('x').rank([])).toEqual([]);
    expect(new Evidence('constructor').rank(['constructor', 'toString'])[0]).toBe(0);
  });
});

describe('findKeywords', () => {
  it('finds the words that carry meaning, once each', () => {
    expect(findKeywords('How does a water mill work, and what is a Water wheel?', 9)).toEqual([
      'water',
      'mill',
      'work',
      'wheel',
    ]);
    expect(findKeywords('Whales and sharks and squids', 2)).toEqual(['Whales', 'sharks']);
  });
});
