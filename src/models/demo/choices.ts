import { Evidence, findKeywords, splitName } from './words.js';

const NUMBER = /(?<![\w.-])-?\d{1,15}(?:\.\d{1,6})?(?![\w-])/g;
const EMAIL = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/;
/** Matches words with a capital letter that do not begin a sentence. */
const PROPER_NAME = /(?<=[\p{L}\p{N},] )\p{Lu}[\p{L}\p{M}'’-]{1,30}(?: \p{Lu}[\p{L}\p{M}'’-]{1,30}){0,2}/u;

/** A place in a value: the property, the description in its schema, and its index if it is in a list. */
export interface ValuePlace {
  readonly name: string;
  readonly description: string;
  readonly index?: number;
}

/** Chooses values where a schema leaves a choice. */
export type Choices = ReturnType<typeof chooseByWords>;

/**
 * Makes choices by the words of a message.
 * @param findKnownText gives the text of properties whose name says what belongs there
 * @param toolName name of the tool that the value is for; empty if it is for none
 */
export function chooseByWords(message: string, findKnownText: (name: string) => string | undefined, toolName = '') {
  const evidence = new Evidence(message);
  const done = findKeywords(splitName(toolName).toLowerCase(), 9);
  const email = EMAIL.exec(message)?.[0];
  const words = findKeywords(message.replace(email ?? '', ' '), 50);
  const keywords = words.filter((word) => !done.includes(word.toLowerCase()));
  const topic = keywords.slice(0, 3).join(' ') || 'demo';
  return {
    /** Numbers from the message, which fit best. */
    numbers: (message.match(NUMBER) ?? []).map(Number),
    isTrue: ({ name, description }: ValuePlace): boolean => evidence.supports(name, description),
    /** Indexes of the options, the best fit first. */
    rank: (options: readonly string[]): readonly number[] => evidence.rank(options),
    /** Writes a text of any length. */
    writeText: ({ name, description, index }: ValuePlace): string => {
      const text = findKnownText(name.toLowerCase().replace(/[^a-z]/g, ''));
      if (index !== undefined) return keywords[index] ?? `${text ?? topic} ${index + 1}`;
      if (text !== undefined) return text;
      if (/question/i.test(description)) return `What are the ${splitName(name)} of ${topic}?`;
      if (/mail|recipient/i.test(name) || (name === 'to' && email !== undefined)) return email ?? 'ada@example.com';
      const isName = toolName !== '' || /^(?:user|customer|first)?_?name$/i.test(name);
      return (isName ? PROPER_NAME.exec(message)?.[0] : undefined) ?? topic;
    },
  };
}
