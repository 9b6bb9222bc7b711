import { type Capabilities, OPENAI_CAPABILITIES } from '../capabilities.js';
import { PLAIN_MESSAGES } from '../request/message-form.js';
import { THINK_TAGS } from './think-tags.js';

/** Capabilities of OpenAI-compatible servers other than OpenAI's. */
export const COMPATIBLE: Capabilities = {
  ...OPENAI_CAPABILITIES,
  messages: PLAIN_MESSAGES,
  streamedAudio: 'any',
};

/** OpenAI and its models on Azure, where a tag at the beginning is text. */
const OPENAI_HOST = /(^|\.)(openai\.com|openai\.azure\.com)$/;
/** DeepSeek, Kimi and GLM, which refuse tool calls of a thinking model without its reasoning. */
const REASONING_HOST = /(^|\.)(deepseek\.com|moonshot\.(ai|cn)|kimi\.com|z\.ai|bigmodel\.cn)$/;

/** Finds the differences of an OpenAI-compatible server from OpenAI by its address. */
export function findCompatibility({ hostname }: URL): Partial<Capabilities> {
  if (OPENAI_HOST.test(hostname)) return {};
  return {
    messages: PLAIN_MESSAGES,
    streamedAudio: 'any',
    reasoningTags: THINK_TAGS,
    returnsReasoning: REASONING_HOST.test(hostname),
  };
}
