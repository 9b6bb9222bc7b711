export { INPUT_ITEMS, ITEM_TYPES, MESSAGE_ROLES } from './input-items.js';
export type { AssistantPart, SystemPart, UserPart } from './input-parts.js';
export { ResponseRequest } from './response-request.js';
export type { TextFormat } from './text-format.js';
export {
  type ResponseAllowedTools,
  type McpFilter,
  type ResponseMcpTool,
  type ResponseTool,
  type ResponseToolChoice,
  TOOL_CHOICES,
  TOOLS,
} from './tools.js';
