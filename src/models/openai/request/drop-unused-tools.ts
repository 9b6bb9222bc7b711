import type { RequestRule } from '../capabilities.js';

/** For servers that do not know `tool_choice: "none"`: what must not be called is not offered. */
export const dropUnusedTools: RequestRule = (call) => {
  if (call.parameters['tool_choice'] !== 'none') return call;
  const { tools: _tools, tool_choice: _choice, parallel_tool_calls: _parallel, ...parameters } = call.parameters;
  return { ...call, parameters };
};
