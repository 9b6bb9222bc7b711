import type { Conversation } from '../conversation.js';
import { factsIn } from '../facts.js';
import { plainly, quote } from '../quotation.js';
import { NOTICE, vary, type Reply, type Rule } from '../rule.js';
import { firstSentence, personaIn } from '../style.js';

const GREETING =
  /^\W*(?:hi|hello|hey|hallo|hola|bonjour|ciao|servus|greetings|howdy|yo|moin|good (?:morning|afternoon|evening|day)|welcome|hiya)\b/i;
const HOW_ARE_YOU =
  /\b(?:how are (?:you|things)|how(?:'s| is) (?:it going|life|your day)|how do you (?:do|feel)|what's up|how have you been|are you (?:ok|okay|well|fine))\b/i;
const THANKS = /\b(?:thanks|thank you|thx|cheers|much appreciated)\b/i;
const FAREWELL = /\b(?:bye|goodbye|good night|see you|farewell|that(?:'s| is) all)\b/i;
const WHY =
  /^\W*(?:why(?: (?:not|is that|so|do you (?:say|think) (?:so|that)))?|how come|how do you know(?: that)?)\W*$/i;
const ON =
  /^\W*(?:(?:please )?(?:go on|continue|more|tell me more|and then|what else|next|keep going|another(?: one)?))\W*(?:please)?\W*$/i;
const YES = /^\W*(?:yes|yeah|yep|sure|ok|okay|fine|right|correct|exactly|of course|please do|go ahead)\b[^?]{0,40}$/i;
const NO = /^\W*(?:no|nope|nah|not really|never mind|wrong|incorrect)\b[^?]{0,40}$/i;
const MOOD =
  /\bi(?:'m| am|'m feeling| am feeling| feel)(?: (?:very|so|quite|a bit|doing|really|pretty))* (fine|good|great|well|happy|ok|okay|excited|tired|sad|bored|sick|ill|angry|lonely|stressed|worried|unhappy|confused)\b/i;
const GOOD_MOODS = new Set(['fine', 'good', 'great', 'well', 'happy', 'ok', 'okay', 'excited']);
/** A greeting with more than this after it is about something else. */
const LONGEST = 120;

/** Greets, thanks, parts, and picks up short answers to what the demo said before. */
export const smallTalk: Rule = (conversation) => {
  const text = plainly(conversation.message.text);
  if (text.length > LONGEST) return undefined;
  if (HOW_ARE_YOU.test(text)) return wellBeing(conversation, GREETING.test(text));
  const mood = MOOD.exec(text)?.[1]?.toLowerCase();
  if (mood !== undefined) return moodOf(mood, conversation);
  if (THANKS.test(text)) return thanks(conversation);
  if (FAREWELL.test(text)) return farewell(conversation);
  if (isOnlyGreeting(text)) return greeting(conversation);
  return followUp(text, conversation);
};

/** Words of greeting for the beginning of another reply: with the notice, if nobody has spoken before. */
export function salutation(conversation: Conversation): string {
  const name = nameOf(conversation);
  const called = name === undefined ? '' : `, ${name}`;
  return isFirst(conversation)
    ? `Hello${called}! ${NOTICE}`
    : vary(conversation, `Hello again${called}!`, `Good to hear from you${called}!`);
}

function greeting(conversation: Conversation): Reply {
  const persona = personaIn(conversation.instructions);
  const role = persona === undefined ? '' : ` My instructions call me “${persona}”, and I do what rules can.`;
  const offer = vary(
    conversation,
    'Ask me to calculate or to count, tell me your name, or let me tell you a story. What shall we do?',
    'What shall we do next: a story, a sum, or something of your own?',
  );
  return {
    text: `${salutation(conversation)}${role} ${offer}`,
    noticed: isFirst(conversation)
      ? 'The user greets me for the first time, so I greet back and say what I am.'
      : 'The user greets me again, so I greet back without introducing myself twice.',
  };
}

function wellBeing(conversation: Conversation, greets: boolean): Reply {
  const hello = greets ? `${salutation(conversation)} ` : '';
  return {
    text: `${hello}${vary(
      conversation,
      'I am well, thank you: no network to wait for, no bill to pay, and every rule in its place.',
      'Still well, thank you. A rule-based engine has few bad days.',
    )} How are you?`,
    noticed: 'The user asks how I am, so I answer politely and ask back.',
  };
}

function moodOf(mood: string, conversation: Conversation): Reply {
  const name = nameOf(conversation);
  const called = name === undefined ? '' : `, ${name}`;
  return {
    text: GOOD_MOODS.has(mood)
      ? `I am glad to hear that you are ${mood}${called}. What would you like to do: calculate, count, or hear a story?`
      : `I am sorry to hear that you are ${mood}${called}. I can offer no more than a small story or a haiku. Would you like one?`,
    noticed: `The user tells me that they are ${mood}, so I respond to that.`,
  };
}

function thanks(conversation: Conversation): Reply {
  const name = nameOf(conversation);
  return {
    text: `You are welcome${name === undefined ? '' : `, ${name}`}! ${vary(
      conversation,
      'It was a pleasure, as far as rules can have one. Is there anything else that I may try?',
      'Do you have another task for me?',
    )}`,
    noticed: 'The user thanks me, so I say that they are welcome.',
  };
}

function farewell(conversation: Conversation): Reply {
  const name = nameOf(conversation);
  return {
    text: `Goodbye${name === undefined ? '' : `, ${name}`}! I keep nothing of our conversation; the next one starts afresh. Come back any time.`,
    noticed: 'The user takes leave, so I say goodbye.',
  };
}

function followUp(text: string, conversation: Conversation): Reply | undefined {
  const last = conversation.earlier.findLast(({ role, text }) => role === 'assistant' && text !== '')?.text;
  const asked = conversation.earlier.findLast(({ role, text }) => role === 'user' && text !== '')?.text;
  if (last === undefined) return undefined;
  const begun = quote(firstSentence(last), 120);
  if (WHY.test(text)) {
    return {
      text: `I said ${begun}${asked === undefined ? '' : ` because your message before, ${quote(asked, 80)}, matched one of my rules`}. There is no deeper reason: I am the demo, and my rules look at words, not at what they mean.`,
      noticed: 'The user asks for the reason of my last answer, so I name the rule behind it.',
    };
  }
  if (ON.test(text)) {
    return {
      text: `I would gladly go on from ${begun}, but that was all I had to say. Give me a new subject${asked === undefined ? '' : `, or ask differently than ${quote(asked, 80)}`}, and I will try again.`,
      noticed: 'The user wants me to go on, but my last answer was complete.',
    };
  }
  if (!YES.test(text) && !NO.test(text)) return undefined;
  const ending = quote(last.slice(last.slice(0, -1).search(/[^.!?\n]*$/)), 120);
  return {
    text: YES.test(text)
      ? `Good. I had said ${ending}; tell me which of it you want, in a few words, and I will do my best. I am only the demo, so plain requests work best: “count to 20”, “a haiku about rain”.`
      : `All right, then not. I had said ${ending}; let us leave it there. What would you rather do?`,
    noticed: 'The user gives a short answer to what I said last, so I refer back to it.',
  };
}

function isOnlyGreeting(text: string): boolean {
  return GREETING.test(text) && !/\?/.test(text) && (text.match(/\p{L}+/gu)?.length ?? 0) <= 5;
}

function isFirst({ earlier }: Conversation): boolean {
  return earlier.every(({ role }) => role !== 'assistant');
}

function nameOf({ earlier, message }: Conversation): string | undefined {
  return factsIn([...earlier, message]).get('name');
}
