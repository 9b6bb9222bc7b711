export { type Capabilities } from './capabilities.js';
export { OpenAIChatModel, type OpenAIChatModelOptions } from './openai-chat-model.js';
export { type MessageForm, OPENAI_MESSAGES, PLAIN_MESSAGES } from './request/message-form.js';
