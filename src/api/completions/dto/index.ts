export { ChatCompletionRequest } from './chat-completion-request.js';
export { ChatCompletion } from './chat-completion.js';
export { assertStreamOptionsAllowed } from './stream-options.js';
