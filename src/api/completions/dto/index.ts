export { ChatCompletionRequest } from './chat-completion-request.js';
export { ChatCompletion, type CompletionAudio } from './chat-completion.js';
export { assertStreamOptionsAllowed } from './stream-options.js';
