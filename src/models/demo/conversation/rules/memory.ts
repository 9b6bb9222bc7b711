import type { Conversation } from '../conversation.js';
import { factInWords, factKey, factsIn } from '../facts.js';
import { capitalised, counted, listing, plainly, quote } from '../quotation.js';
import type { Reply, Rule } from '../rule.js';

const HOW_MANY = /\bhow many (?:messages|questions|times)\b/i;
const WHAT_DID_I =
  /\bwhat (?:did i (?:just )?(?:say|ask|tell you|write)|have i (?:said|asked|told you|written)|(?:was|is) the (?:first|last|previous) thing i (?:said|asked|told you|wrote)|(?:was|were) my (?:first|last|previous|earlier) (?:questions?|messages?|words))\b/i;
const WHAT_DID_YOU =
  /\bwhat (?:did you (?:just )?(?:say|answer|reply|tell me)|(?:was|were) your (?:first|last|previous) (?:answers?|repl(?:y|ies)|messages?))\b|^(?:please )?(?:repeat (?:that|it|yourself|your (?:last )?(?:answer|message|reply))|say (?:that|it) again|come again|pardon)\b[^\p{L}]*(?:please)?[^\p{L}]*$/iu;
const ABOUT_ME = /\bwhat do you (?:know|remember)\b/i;
const MY_FACT =
  /\b(?:what(?:'s| is| are| was)|who(?:'s| is| are)|where(?:'s| is)|when(?:'s| is)|(?:tell|remind) me(?: of| about)?|(?:know|remember|recall)(?: what)?) my ([\p{L}][\p{L} '-]{0,30})/iu;
const OTHER_FACTS: readonly (readonly [RegExp, string])[] = [
  [/\bwho am i\b/i, 'name'],
  [/\bwhat am i called\b/i, 'name'],
  [/\bwhere (?:do i live|am i (?:living|from)|do i come from)\b/i, 'home'],
  [/\bhow old am i\b/i, 'age'],
];

/** Answers questions about the conversation itself: its length, who said what, and what the user told about themselves. */
export const memory: Rule = (conversation) => {
  const text = plainly(conversation.message.text);
  if (HOW_MANY.test(text)) return howMany(conversation);
  if (WHAT_DID_I.test(text)) return said(conversation, 'user', /\b(?:first|start|beginning)\b/i.test(text));
  if (WHAT_DID_YOU.test(text)) return said(conversation, 'assistant', /\bfirst\b/i.test(text));
  const asked = OTHER_FACTS.find(([pattern]) => pattern.test(text))?.[1] ?? factAskedFor(text);
  if (asked !== undefined) return fact(conversation, asked);
  return ABOUT_ME.test(text) ? everything(conversation) : undefined;
};

function howMany({ earlier, turns }: Conversation): Reply {
  const count = earlier.filter(({ role }) => role === 'user').length + 1;
  return {
    text: `You have sent ${counted(count, 'message')} so far, this one included, and the whole conversation has ${counted(turns.length, 'message')}. I count them anew each time, because every request brings the history along.`,
    noticed: 'The user asks about the length of the conversation, so I count its messages.',
  };
}

function said({ earlier }: Conversation, speaker: 'user' | 'assistant', first: boolean): Reply {
  const own = earlier.filter(({ role, text }) => role === speaker && text !== '');
  const turn = first ? own[0] : own.at(-1);
  const noticed = `The user asks what ${speaker === 'user' ? 'they' : 'I'} said ${first ? 'first' : 'before'}, so I look it up in the history.`;
  const who = speaker === 'user' ? 'you' : 'I';
  if (turn === undefined) {
    return {
      text: `Nothing yet: there is no message of ${speaker === 'user' ? 'yours' : 'mine'} before this one.`,
      noticed,
    };
  }
  return {
    text: `${first ? 'The first thing' : 'Just before this,'} ${who} said${first ? ' was' : ''} ${quote(turn.text, 400)}.`,
    noticed,
  };
}

function factAskedFor(text: string): string | undefined {
  const words = MY_FACT.exec(text)?.[1];
  return words === undefined ? undefined : factKey(words.replace(/ (?:is|are|was|again|now|please)\b.*$/i, ''));
}

function fact({ earlier, message }: Conversation, key: string): Reply {
  const noticed = `The user asks for their ${key}, so I search what they have told me.`;
  const value = factsIn([...earlier, message]).get(key);
  if (value === undefined) {
    return {
      text: `You have not told me that yet. Tell me once, for example “My ${key} is …”, and I will know it for the rest of this conversation.`,
      noticed: `${noticed} There is nothing about it in the history.`,
    };
  }
  return { text: `${capitalised(factInWords(key, value))}. You told me so earlier in this conversation.`, noticed };
}

function everything({ earlier, message }: Conversation): Reply {
  const facts = [...factsIn([...earlier, message])].map(([key, value]) => factInWords(key, value));
  return {
    text:
      facts.length === 0
        ? 'Nothing about you yet, only the words of this conversation. Tell me something, for example “My name is Ada”.'
        : `I know what you told me: ${listing(facts)}. I forget it when this conversation ends.`,
    noticed: 'The user asks what I remember, so I list the facts in the history.',
  };
}
