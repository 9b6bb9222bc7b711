import type { Message } from '../../message.js';
import type { RequestRule } from '../capabilities.js';

/** Google's documented stand-in for a signature that is not known (ai.google.dev/gemini-api/docs/thought-signatures). */
const NO_SIGNATURE = { google: { thought_signature: 'skip_thought_signature_validator' } };

/**
 * Gemini 3 signs the first tool call of each answer, and answers 400 if the call comes back without. OpenAI clients do
 * not keep fields they do not know, so the signature is lost; this says so. One that is there is kept.
 */
export const signToolCalls: RequestRule = (call) => {
  if (!call.messages.some((message) => message.role === 'assistant' && message.tool_calls?.length)) return call;
  return { ...call, messages: call.messages.map(signFirstCall) };
};

function signFirstCall(message: Message): Message {
  if (message.role !== 'assistant') return message;
  const [first, ...others] = message.tool_calls ?? [];
  if (first === undefined || 'extra_content' in first) return message;
  const call = { ...first, extra_content: NO_SIGNATURE };
  return { ...message, tool_calls: [call, ...others] };
}
