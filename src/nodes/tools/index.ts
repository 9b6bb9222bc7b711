export { ToolCallFilter } from './tool-call-filter.js';
export { dropChoices, listToolNames, type ToolUse, writeToolParameters } from './tool-parameters.js';
export { NO_RESULT, ToolRounds } from './tool-rounds.js';
export { type FindTool, makeToolbox, ModuleTools } from './tool-source.js';
export { Toolbox } from './toolbox.js';
export type { RequestedTools, TellMcp } from './mcp/requested-tools.js';
export { type FoundServer, McpServers } from './mcp/mcp-servers.service.js';
