import type { ModelCall } from '../../chat-model.js';
import type { Capabilities } from '../capabilities.js';
import type { OutputFilter } from './output-filter.js';
import { ForcedToolFilter, forceTool } from './forced-tool.js';
import { JsonTextFilter } from './json-text.js';
import { readOutputFormat } from './output-format.js';
import { addOutputInstructions } from './output-instructions.js';

/** A call with its output format written for the provider. */
interface ArrangedCall {
  readonly call: ModelCall;
  /** Turns the output into what `response_format` would give; absent if nothing has to change. */
  readonly filter?: OutputFilter;
}

/** Asks for the JSON of `response_format` in the best way that the provider supports. */
export function arrangeOutput(call: ModelCall, capabilities: Capabilities): ArrangedCall {
  const format = readOutputFormat(call.parameters);
  if (format === undefined) return { call };
  const { structuredOutput: method, jsonObject } = capabilities;
  const root = format.schema?.['type'] ?? 'object';
  const isJson = root === 'object' || root === 'array';
  if (format.schema === undefined ? jsonObject : method === 'json_schema') {
    // Many servers accept it and ignore it.
    return { call, ...(isJson && { filter: new JsonTextFilter({ isArray: root === 'array', isTrusting: true }) }) };
  }
  if (format.schema !== undefined && method === 'tool') {
    const { toolName, call: forced } = forceTool(call, format, format.schema, capabilities);
    return { call: forced, filter: new ForcedToolFilter(toolName) };
  }
  const filter = new JsonTextFilter({ isArray: root === 'array', isTrusting: false });
  return { call: addOutputInstructions(call, format, jsonObject), filter };
}
