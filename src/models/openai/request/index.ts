export { type MessageForm, MISTRAL_MESSAGES, OPENAI_MESSAGES, PLAIN_MESSAGES } from './message-form.js';
export { renamed } from './renamed.js';
export { signedToolCalls } from './signed-tool-calls.js';
export { without } from './without.js';
export { withoutUnusedTools } from './without-unused-tools.js';
export { writeMessages } from './write-messages.js';
