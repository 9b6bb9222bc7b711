import type { ModelCall } from '../../chat-model.js';
import type { Capabilities } from '../capabilities.js';
import type { OutputFilter } from './output-filter.js';
import { ForcedToolFilter, forceTool } from './forced-tool.js';
import { JsonTextFilter } from './json-text.js';
import { readOutputFormat } from './output-format.js';
import { addOutputInstructions } from './output-instructions.js';

/** A call whose output is asked for in a way that the provider knows. */
export interface ArrangedCall {
  readonly call: ModelCall;
  /** Makes the output what it would be if the provider took `response_format`; absent: it is that already. */
  readonly filter?: OutputFilter;
}

/** Asks for the JSON that `response_format` names by the best way that the provider has. */
export function arrangeOutput(call: ModelCall, capabilities: Capabilities): ArrangedCall {
  const format = readOutputFormat(call.parameters);
  if (format === undefined) return { call };
  const { structuredOutput: method, jsonObject } = capabilities;
  const root = format.schema?.['type'] ?? 'object';
  const isJson = root === 'object' || root === 'array';
  if (format.schema === undefined ? jsonObject : method === 'json_schema') {
    // Many servers take it without heed.
    return { call, ...(isJson && { filter: new JsonTextFilter({ isArray: root === 'array', isTrusting: true }) }) };
  }
  if (format.schema !== undefined && method === 'tool') {
    const { toolName, call: forced } = forceTool(call, format, format.schema, capabilities);
    return { call: forced, filter: new ForcedToolFilter(toolName) };
  }
  const filter = new JsonTextFilter({ isArray: root === 'array', isTrusting: false });
  return { call: addOutputInstructions(call, format, jsonObject), filter };
}
