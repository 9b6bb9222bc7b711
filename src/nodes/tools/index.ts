export { ToolCallFilter } from './tool-call-filter.js';
export { type ToolUse, writeToolParameters } from './tool-parameters.js';
export { ToolRounds } from './tool-rounds.js';
export { type FindTool, makeToolbox, ModuleTools } from './tool-source.js';
export { Toolbox } from './toolbox.js';
export { type FoundServer, McpServers } from './mcp/mcp-servers.service.js';
