export { AgentTool } from './agent-tool.js';
export { runTools, type ToolCall } from './run-tools.js';
export { ToolCallFilter } from './tool-call-filter.js';
export { clientToolsOf, type ToolUse, withServerTools } from './tool-parameters.js';
export { ModuleTools, toolboxOf, type ToolSource } from './tool-source.js';
export { Toolbox } from './toolbox.js';
