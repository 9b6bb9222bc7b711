/** @import { ChatRequest, ResponseRequest } from './types.js' */

/** Parameters that are the same in both protocols. */
const SAME = new Set(
  (
    'model stream temperature top_p presence_penalty frequency_penalty metadata service_tier user safety_identifier ' +
    'prompt_cache_key prompt_cache_retention prompt_cache_options parallel_tool_calls top_logprobs store'
  ).split(' '),
);

/** What other parameters become. @type {Readonly<Record<string, (value: any) => Record<string, unknown>>>} */
const RENAMED = {
  max_completion_tokens: (value) => ({ max_output_tokens: value }),
  max_tokens: (value) => ({ max_output_tokens: value }),
  reasoning_effort: (value) => ({ reasoning: { effort: value } }),
  verbosity: (value) => ({ text: { verbosity: value } }),
  response_format: ({ type, json_schema: schema }) => ({ text: { format: { type, ...schema } } }),
  logprobs: (value) => (value === true ? { include: ['message.output_text.logprobs'] } : {}),
  // Nested in one protocol, flat in the other.
  tools: (tools) => ({ tools: tools.map((/** @type {any} */ { type, ...rest }) => ({ type, ...rest[type] })) }),
  tool_choice: (choice) => ({
    tool_choice: typeof choice === 'string' ? choice : { type: choice.type, ...choice[choice.type] },
  }),
};

/** Fields that are not copied as parameters: their content has another place in a request for a response, or none. */
const ELSEWHERE = new Set(['messages', 'stream_options']);

/**
 * Makes the request for a response that corresponds to a request for a completion.
 * @param {ChatRequest} chat
 * @returns {{ request: ResponseRequest, leftOut: readonly string[] }} with the names of parameters that responses do
 * not have
 */
export function makeResponseRequest(chat) {
  const { model, messages, ...others } = chat;
  const system = messages.find(({ role }) => role === 'system');
  const input = messages.filter((message) => message !== system);
  /** @type {ResponseRequest} */
  const request = { model, ...(system !== undefined && { instructions: system.content }), input };
  /** @type {string[]} */
  const leftOut = [];
  for (const [name, value] of Object.entries(others)) {
    if (SAME.has(name)) request[name] = value;
    else if (RENAMED[name] !== undefined && value !== null) merge(request, RENAMED[name](value));
    else if (!ELSEWHERE.has(name)) leftOut.push(name);
  }
  return { request, leftOut };
}

/** @param {ResponseRequest} request @param {Record<string, unknown>} more */
function merge(request, more) {
  for (const [name, value] of Object.entries(more)) {
    const there = request[name];
    request[name] = name === 'text' ? { .../** @type {object} */ (there), .../** @type {object} */ (value) } : value;
  }
}
