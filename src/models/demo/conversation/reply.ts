import type { Conversation, Attachment } from './conversation.js';
import { counted, listing } from './quotation.js';
import type { Reply, Rule } from './rule.js';
import { anythingElse } from './rules/anything-else.js';
import { calculation } from './rules/calculation.js';
import { counting } from './rules/counting.js';
import { explanations } from './rules/explanations.js';
import { identity } from './rules/identity.js';
import { introductions } from './rules/introductions.js';
import { memory } from './rules/memory.js';
import { smallTalk } from './rules/small-talk.js';
import { stories } from './rules/stories.js';
import { textTasks } from './rules/text-tasks.js';
import { toolResults } from './rules/tool-results.js';
import { styled } from './style.js';

/** The first rule that knows an answer gives it: from the most exact to the most general. */
const RULES: readonly Rule[] = [
  toolResults,
  identity,
  memory,
  calculation,
  counting,
  stories,
  textTasks,
  introductions,
  explanations,
  smallTalk,
];

/** What the demo says next in a conversation. Pure, and linear in the conversation. */
export function replyTo(conversation: Conversation): Reply {
  const reply = withAttachments(firstOf(conversation) ?? anythingElse(conversation), conversation);
  return styled({ ...reply, noticed: `${reply.noticed} ${placeOf(conversation)}` }, conversation);
}

function firstOf(conversation: Conversation): Reply | undefined {
  for (const rule of RULES) {
    const reply = rule(conversation);
    if (reply !== undefined) return reply;
  }
  return undefined;
}

function withAttachments(reply: Reply, { message, turns }: Conversation): Reply {
  const kinds = new Set(message.attachments);
  if (kinds.size === 0 || turns.at(-1) !== message) return reply;
  const verbs: Record<Attachment, string> = { image: 'see', 'audio recording': 'hear', file: 'open' };
  const unable = listing([...kinds].map((kind) => `${verbs[kind]} the ${kind}`));
  return {
    ...reply,
    text: `I cannot ${unable}: I am only the demo.${message.text === '' ? '' : ` ${reply.text}`}`,
    noticed: `The message brings ${counted(message.attachments.length, 'attachment')}, which I cannot read. ${reply.noticed}`,
  };
}

function placeOf({ earlier }: Conversation): string {
  return earlier.length === 0
    ? 'It is the first message of the conversation.'
    : `Before it the conversation has ${counted(earlier.length, 'message')}.`;
}
