export { type Capabilities, OPENAI_CAPABILITIES } from './capabilities.js';
export { OpenAIChatModel, type OpenAIChatModelOptions } from './openai-chat-model.js';
export { type MessageForm, MISTRAL_MESSAGES, OPENAI_MESSAGES, PLAIN_MESSAGES } from './request/message-form.js';
export { renamed } from './request/renamed.js';
export { signedToolCalls } from './request/signed-tool-calls.js';
export { withoutUnusedTools } from './request/without-unused-tools.js';
export { without } from './request/without.js';
export type { Endpoint } from './upstream-client.js';
