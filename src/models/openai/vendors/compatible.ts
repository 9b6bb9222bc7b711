import { type Capabilities, OPENAI_CAPABILITIES } from '../capabilities.js';
import { PLAIN_MESSAGES } from '../request/message-form.js';
import { THINK_TAGS } from './think-tags.js';

/** What is no server of OpenAI's can do. */
export const COMPATIBLE: Capabilities = {
  ...OPENAI_CAPABILITIES,
  messages: PLAIN_MESSAGES,
  streamedAudio: 'any',
};

/** OpenAI, and its models on Azure: what begins with a tag is meant so there. */
const OPENAI_HOST = /(^|\.)(openai\.com|openai\.azure\.com)$/;
/** DeepSeek, Kimi and GLM: they refuse tool calls of a thinking model that come back without its reasoning. */
const REASONING_HOST = /(^|\.)(deepseek\.com|moonshot\.(ai|cn)|kimi\.com|z\.ai|bigmodel\.cn)$/;

/** In what a server that speaks OpenAI's protocol differs from OpenAI, as far as its address tells. */
export function findCompatibility({ hostname }: URL): Partial<Capabilities> {
  if (OPENAI_HOST.test(hostname)) return {};
  return {
    messages: PLAIN_MESSAGES,
    streamedAudio: 'any',
    reasoningTags: THINK_TAGS,
    returnsReasoning: REASONING_HOST.test(hostname),
  };
}
