export { readConversation, type Conversation } from './conversation.js';
export { factsIn } from './facts.js';
export { replyTo } from './reply.js';
export type { Reply } from './rule.js';
export { keywordsOf, topicOf } from './topic.js';
export { firstSentence } from './style.js';
