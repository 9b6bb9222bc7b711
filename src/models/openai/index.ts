export { type Capabilities, OPENAI_CAPABILITIES } from './capabilities.js';
export { OpenAIChatModel, type OpenAIChatModelOptions } from './openai-chat-model.js';
export {
  type MessageForm,
  MISTRAL_MESSAGES,
  OPENAI_MESSAGES,
  PLAIN_MESSAGES,
  renamed,
  signedToolCalls,
  without,
  withoutUnusedTools,
} from './request/index.js';
export { fetchThroughProxies } from './transport/index.js';
export type { Endpoint } from './upstream-client.js';
