export { type MessageForm, OPENAI_MESSAGES } from './message-form.js';
export { writeMessages } from './write-messages.js';
