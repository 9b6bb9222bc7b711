/** @import { ChatRequest, Turn } from './types.js' */

/**
 * Makes the body of the next request.
 * @param {{ model: string, system: string, turns: readonly Turn[], question: string, parameters:
 * Readonly<Record<string, unknown>> }} parts
 * @returns {ChatRequest}
 */
export function makeChatRequest({ model, system, turns, question, parameters }) {
  const messages = system === '' ? [] : [{ role: 'system', content: system }];
  for (const turn of turns) {
    // A question without a reply is not sent again.
    if (turn.reply.content === '') continue;
    messages.push({ role: 'user', content: turn.question }, { role: 'assistant', content: turn.reply.content });
  }
  messages.push({ role: 'user', content: question });
  return { model, messages, ...parameters, stream: true, stream_options: { include_usage: true } };
}
