import type { ModelCall } from '../../chat-model.js';
import type { Capabilities } from '../capabilities.js';
import type { AnswerFilter } from './answer-filter.js';
import { ForcedToolAnswer, withForcedTool } from './forced-tool.js';
import { JsonText } from './json-text.js';
import { readOutputFormat } from './output-format.js';
import { withInstructions } from './output-instructions.js';

/** A call whose output is asked for in a way that the provider knows. */
export interface ArrangedCall {
  readonly call: ModelCall;
  /** Makes the answer what it would be if the provider took `response_format`; absent: it is that already. */
  readonly filter?: AnswerFilter;
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
    return { call, ...(isJson && { filter: new JsonText({ isArray: root === 'array', isTrusting: true }) }) };
  }
  if (format.schema !== undefined && method === 'tool') {
    const { toolName, call: forced } = withForcedTool(call, format, format.schema, capabilities);
    return { call: forced, filter: new ForcedToolAnswer(toolName) };
  }
  const filter = new JsonText({ isArray: root === 'array', isTrusting: false });
  return { call: withInstructions(call, format, jsonObject), filter };
}
