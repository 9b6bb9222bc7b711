export { INPUT_ITEMS, type InputMessage, ITEM_TYPES, MESSAGE_ROLES } from './input-items.js';
export type { AssistantPart, SystemPart, UserPart } from './input-parts.js';
export { ResponseRequest } from './response-request.js';
export type { TextFormat } from './text-format.js';
export {
  type ResponseAllowedTools,
  type ResponseCustomTool,
  type McpApprovalFilter,
  type McpFilter,
  type ResponseFunctionTool,
  type ResponseMcpTool,
  type ResponseTool,
  type ResponseToolChoice,
  TOOL_CHOICES,
  TOOLS,
} from './tools.js';
