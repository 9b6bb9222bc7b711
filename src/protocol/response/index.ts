export { ChatCompletion, ChatCompletionChoice, ChatCompletionMessage } from './chat-completion.js';
export { ChatCompletionChunk, ChatCompletionChunkChoice, ChatCompletionDelta } from './chat-completion-chunk.js';
export { CompletionUsage } from './completion-usage.js';
export { ErrorBody, ErrorEnvelope } from './error-envelope.js';
export { ChoiceLogprobs } from './logprobs.js';
export { ModelCard, ModelList } from './model-list.js';
export { ToolCallChunk } from './tool-call-chunk.js';
