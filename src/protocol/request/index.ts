export { ChatCompletionRequest } from './chat-completion-request.js';
export type {
  AssistantContentPart,
  AudioPart,
  FilePart,
  ImagePart,
  RefusalPart,
  TextPart,
  UserContentPart,
} from './content-parts.js';
export { assertStreamOptionsAllowed } from './parameter-dependencies.js';
export type { ResponseFormat } from './response-format.js';
export { StreamOptions } from './stream-options.js';
export type { CustomToolCall, FunctionToolCall, ToolCall } from './tool-calls.js';
export type { Tool, ToolChoice } from './tools.js';
export { validateChatCompletionRequest } from './validate-chat-completion-request.js';
