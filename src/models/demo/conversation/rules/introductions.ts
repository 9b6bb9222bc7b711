import { factInWords, factsIn } from '../facts.js';
import { listing, plainly } from '../quotation.js';
import { NOTICE, type Rule } from '../rule.js';

/** Welcomes a user who gives their name, and confirms what else they tell about themselves. */
export const introductions: Rule = ({ message, earlier }) => {
  const told = new Map(factsIn([message]));
  if (told.size === 0 || plainly(message.text).includes('?')) return undefined;
  const name = told.get('name');
  told.delete('name');
  const isFirst = earlier.every(({ role }) => role !== 'assistant');
  const facts = [...told].map(([key, value]) => factInWords(key, value));
  const remembered = facts.length === 0 ? 'it' : `that ${listing(facts)}`;
  return {
    text:
      `${name === undefined ? 'Thank you for telling me' : `Nice to meet you, ${name}`}! ` +
      `I will remember ${remembered} for the rest of this conversation; ask me later, if you like.` +
      (isFirst ? ` ${NOTICE}` : ' What shall we do next?'),
    noticed: `The user tells me about themselves${name === undefined ? '' : `: the name is ${name}`}, so I take note of it.`,
  };
};
