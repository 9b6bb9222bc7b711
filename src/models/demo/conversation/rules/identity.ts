import { plainly } from '../quotation.js';
import type { Rule } from '../rule.js';
import { personaIn } from '../style.js';

const QUESTION =
  /\b(?:who are you|what are you(?! (?:doing|up to|saying|talking))|who (?:made|built|wrote|created) you|introduce yourself|about yourself|(?:which|what) (?:\w+ ){0,2}(?:ai|llm|model) (?:are|is|do|am)|are you (?:an? |the )?(?:real |large )?(?:ai|bot|robot|chatbot|human|person|machine|computer|program|language model|model|llm|demo|chatgpt|gpt|openai|claude|gemini|llama|real))\b|what(?:'s| is) your name/i;

/** Answers who or what is speaking: truthfully, whatever the instructions want it to be. */
export const identity: Rule = ({ message, instructions }) => {
  if (!QUESTION.test(plainly(message.text))) return undefined;
  const persona = personaIn(instructions);
  const role = persona === undefined ? '' : `My instructions call me “${persona}”, but here is what really answers. `;
  return {
    text:
      `${role}I am the demo engine that comes with Millrace: a small set of rules that runs offline, inside this server. ` +
      'I am not a language model and not a person. I remember our conversation, calculate, count and tell small stories. ' +
      'Set OPENAI_API_KEY, and a real model answers in my place.',
    noticed: 'The user asks who or what I am, so I say plainly that I am the demo.',
  };
};
