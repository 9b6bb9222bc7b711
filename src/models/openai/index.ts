export { type Capabilities, OPENAI_CAPABILITIES } from './capabilities.js';
export { OpenAIChatModel, type OpenAIChatModelOptions } from './openai-chat-model.js';
export { developerAsSystem, mistralMessages, renamed, signedToolCalls, without } from './request/index.js';
export type { Endpoint } from './upstream-client.js';
