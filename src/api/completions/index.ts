export { CompletionsModule } from './completions.module.js';
export { COMPLETIONS_PATH } from './completions.path.js';
export { NODE_EVENTS_PARAMETER } from './describe-completion.js';
export { ChatCompletionChunk } from './dto/chat-completion-chunk.js';
export { ChatCompletionRequest } from './dto/chat-completion-request.js';
export { ChatCompletion } from './dto/chat-completion.js';
export { CompletionUsage } from './dto/completion-usage.js';
export { validateChatCompletionRequest } from './validate-chat-completion-request.js';
