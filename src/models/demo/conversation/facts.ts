import type { Turn } from './conversation.js';
import { plainly } from './quotation.js';

/** What the user has told about themselves, by what it is: `name` → `Ada`, `favourite colour` → `blue`. */
export type Facts = ReadonlyMap<string, string>;

/** "Ada", "ada", "Ada Lovelace", "O’Neil": one word of any case, and up to two capitalised ones. */
const NAME = /^\p{L}[\p{L}\p{M}'-]{0,30}(?: \p{Lu}[\p{L}\p{M}'-]{0,30}){0,2}/u;
const NAME_LEAD = /\b(?:my name(?:'s| is)|call me|(?:i am|i'm) called)\s{1,5}/gi;
/** A bare "I am Ada." counts only as a whole sentence and with a capital: "I am tired" and "I am German by birth" are no names. */
const BARE_NAME =
  /(?:^|[.!,\n]\s?)I(?: am|'m) (\p{Lu}[\p{L}\p{M}'-]{0,30}(?: \p{Lu}[\p{L}\p{M}'-]{0,30}){0,2})(?=[.!,\n]|$)/gu;
const STATEMENT = /\bmy ([\p{L}][\p{L} '-]{0,30}?) (?:is|are) ([^\s?][^?!.;\n]{0,80})(?![^.!;\n]{0,80}\?)/giu;
const HOME =
  /\b[Ii](?: live|'m living| am living| come|'m| am) (?:in|from) (\p{Lu}[\p{L}\p{M}'-]{0,30}(?: \p{Lu}[\p{L}\p{M}'-]{0,30}){0,2})/gu;
const AGE = /\bi(?:'m| am) (\d{1,3}) years? old\b/gi;

/** Collects what the user has said about themselves, in all of their turns; what was said last counts. */
export function factsIn(turns: readonly Turn[]): Facts {
  const facts = new Map<string, string>();
  for (const { role, text } of turns) {
    if (role !== 'user') continue;
    const plain = plainly(text);
    for (const [, key = '', value = ''] of plain.matchAll(STATEMENT)) {
      if (key.toLowerCase() !== 'name') facts.set(factKey(key), value.replace(/,? (?:and|but) .*$| now$/i, '').trim());
    }
    for (const [, place = ''] of plain.matchAll(HOME)) facts.set('home', place);
    for (const [, age = ''] of plain.matchAll(AGE)) facts.set('age', age);
    const name = nameIn(plain);
    if (name !== undefined) facts.set('name', name);
  }
  return facts;
}

/** The name of a fact, however it is written: "Favorite color" and "favourite colour" are one. */
export function factKey(words: string): string {
  return words.toLowerCase().trim().replaceAll('favorite', 'favourite').replaceAll('color', 'colour');
}

/** A fact, told to the user: "your favourite colour is blue". */
export function factInWords(key: string, value: string): string {
  if (key === 'home') return `you live in ${value}`;
  return key === 'age' ? `you are ${value} years old` : `your ${key} is ${value}`;
}

function nameIn(text: string): string | undefined {
  let name: string | undefined;
  for (const [, bare] of text.matchAll(BARE_NAME)) name = bare;
  for (const { 0: lead, index } of text.matchAll(NAME_LEAD)) {
    const start = index + lead.length;
    name = NAME.exec(text.slice(start, start + 100))?.[0] ?? name;
  }
  return name;
}
