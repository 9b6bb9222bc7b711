import type { Conversation } from './conversation.js';
import { plainly } from './quotation.js';
import type { Reply } from './rule.js';

const UPPERCASE =
  /\b(?:answer|reply|respond|write|speak|shout|talk|use|output|text|everything|only)\b[^.!?\n]{0,40}\b(?:upper-?\s?case|capital letters|capitals|all caps)\b/i;
const LOWERCASE =
  /\b(?:answer|reply|respond|write|speak|use|output|text|everything|only)\b[^.!?\n]{0,40}\blower-?\s?case\b/i;
const BRIEF =
  /\b(?:be (?:very |as )?(?:brief|concise|short|terse)|briefly|concisely|(?:in|with|use|only) (?:one|a single|1) sentence|one-sentence|(?:keep|make) (?:it|your (?:answers?|repl(?:y|ies))) (?:brief|short)|short (?:answers?|repl(?:y|ies)))\b/i;
const PERSONA = /\b[Yy]ou(?: are|'re)(?: now)? ((?:an? |the |[A-Z])[^.,;:!?\n]{1,60})/;

/** Gives a reply the form that the instructions, or the message itself, ask for. */
export function styled(reply: Reply, { instructions, message }: Conversation): Reply {
  const wishes = `${instructions}\n${message.text}`;
  let { text } = reply;
  if (reply.verbatim !== true && BRIEF.test(wishes)) text = firstSentence(text);
  if (UPPERCASE.test(wishes)) text = text.toUpperCase();
  else if (LOWERCASE.test(wishes)) text = text.toLowerCase();
  return { ...reply, text };
}

/** Who the instructions want the assistant to be, if they say so: "a helpful assistant". */
export function personaIn(instructions: string): string | undefined {
  return PERSONA.exec(plainly(instructions))?.[1]?.trim();
}

/** The first sentence of a text, together with what comes before it if that is only an exclamation. */
export function firstSentence(text: string): string {
  return /^[^\n]{12,}?[.!?]["”]?(?=\s|$)/.exec(text)?.[0] ?? text;
}
