export { AgentTool } from './agent-tool.js';
export { ToolCallFilter } from './tool-call-filter.js';
export { type ToolUse, writeToolParameters } from './tool-parameters.js';
export { ToolRounds } from './tool-rounds.js';
export { makeToolbox, ModuleTools, type ToolSource } from './tool-source.js';
export { Toolbox } from './toolbox.js';
