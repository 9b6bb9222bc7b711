export { ChatCompletionRequest } from './chat-completion-request.js';
export { ChatCompletion } from './chat-completion.js';
export { assertStreamOptionsAllowed, checkDependencies } from './parameter-dependencies.js';
