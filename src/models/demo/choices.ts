import { Evidence, findKeywords, splitName } from './words.js';

const NUMBER = /(?<![\w.-])-?\d{1,15}(?:\.\d{1,6})?(?![\w-])/g;
const EMAIL = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/;
/** Names are written with a capital where no sentence begins. */
const PROPER_NAME = /(?<=[\p{L}\p{N},] )\p{Lu}[\p{L}\p{M}'’-]{1,30}(?: \p{Lu}[\p{L}\p{M}'’-]{1,30}){0,2}/u;

/** A place in a value: the property it belongs to, what its schema says of it, and its place in a list, if it is in one. */
export interface Place {
  readonly name: string;
  readonly description: string;
  readonly index?: number;
}

/** What stands in a value wherever its schema leaves a choice. */
export type Choices = ReturnType<typeof chooseByWords>;

/** Decides by the words of a message. `known` has the text of properties whose name says what belongs there. */
export function chooseByWords(message: string, known: (name: string) => string | undefined, toolName = '') {
  const evidence = new Evidence(message);
  const done = findKeywords(splitName(toolName).toLowerCase(), 9);
  const email = EMAIL.exec(message)?.[0];
  const words = findKeywords(message.replace(email ?? '', ' '), 50);
  const keywords = words.filter((word) => !done.includes(word.toLowerCase()));
  const topic = keywords.slice(0, 3).join(' ') || 'demo';
  return {
    /** Numbers that would be to the point. */
    numbers: (message.match(NUMBER) ?? []).map(Number),
    isTrue: ({ name, description }: Place): boolean => evidence.supports(name, description),
    /** The options by how well they fit, the best one first, as indices. */
    rank: (options: readonly string[]): readonly number[] => evidence.rank(options),
    /** A text of any length. */
    writeText: ({ name, description, index }: Place): string => {
      const text = known(name.toLowerCase().replace(/[^a-z]/g, ''));
      if (index !== undefined) return keywords[index] ?? `${text ?? topic} ${index + 1}`;
      if (text !== undefined) return text;
      if (/question/i.test(description)) return `What are the ${splitName(name)} of ${topic}?`;
      if (/mail|recipient/i.test(name) || (name === 'to' && email !== undefined)) return email ?? 'ada@example.com';
      const isName = toolName !== '' || /^(?:user|customer|first)?_?name$/i.test(name);
      return (isName ? PROPER_NAME.exec(message)?.[0] : undefined) ?? topic;
    },
  };
}
