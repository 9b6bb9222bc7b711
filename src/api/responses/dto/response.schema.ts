import { schemaParts } from '../../wire/index.js';

const { anyObject, anything, choice, count, flag, list, object, orNull, refer, seconds, text } = schemaParts;

const number = (description: string): schemaParts.DescribedSchema => ({ type: 'number', description });
const any = (name: string): { $ref: string } => ({ $ref: `#/components/schemas/${name}` });

const ITEM_STATUS = choice(
  ['in_progress', 'completed', 'incomplete'],
  'Whether the item is open, whole, or was cut by a limit, a failure or a cancellation.',
);

const OUTPUT_TEXT = object('Text.', {
  type: choice(['output_text'], 'Always `output_text`.'),
  text: text('The text.'),
  annotations: list(anyObject('A citation.'), 'Pages that a model cites.'),
  logprobs: list(anyObject('Of one token.'), 'Log probabilities, if requested.'),
});

const REFUSAL = object('A refusal of the model.', {
  type: choice(['refusal'], 'Always `refusal`.'),
  refusal: text('Its words.'),
});

const SUMMARY = object('Reasoning of the model.', {
  type: choice(['summary_text'], 'Always `summary_text`.'),
  text: text('The text.'),
});

const TOLD_NODE = { millrace: anyObject('The step that it comes from, if the request asked for events of steps.') };

/** Items of an output, by the names of their schemas. */
const ITEMS = {
  ResponseMessage: object(
    'Output of a visible step.',
    {
      id: text('Id of the item.'),
      type: choice(['message'], 'Always `message`.'),
      status: ITEM_STATUS,
      role: choice(['assistant'], 'Always `assistant`.'),
      content: list({ oneOf: [OUTPUT_TEXT, REFUSAL] }, 'Its parts.'),
    },
    {
      phase: choice(['commentary', 'final_answer'], 'Whether it is commentary on the way, or the final answer.'),
      ...TOLD_NODE,
    },
  ),
  ResponseThought: object(
    'Reasoning of a visible step.',
    {
      id: text('Id of the item.'),
      type: choice(['reasoning'], 'Always `reasoning`.'),
      status: ITEM_STATUS,
      summary: list(SUMMARY, 'Its parts.'),
    },
    TOLD_NODE,
  ),
  ResponseFunctionCall: object(
    'A call of a function of the client.',
    {
      id: text('Id of the item.'),
      type: choice(['function_call'], 'Always `function_call`.'),
      status: ITEM_STATUS,
      call_id: text('What its output refers to.'),
      name: text('Name of the function.'),
      arguments: text('Its arguments, as JSON.'),
    },
    TOLD_NODE,
  ),
  ResponseCustomToolCall: object(
    'A call of a custom tool of the client.',
    {
      id: text('Id of the item.'),
      type: choice(['custom_tool_call'], 'Always `custom_tool_call`.'),
      status: ITEM_STATUS,
      call_id: text('What its output refers to.'),
      name: text('Name of the tool.'),
      input: text('Its input.'),
    },
    TOLD_NODE,
  ),
  ResponseMcpList: object(
    'The tools that an MCP server has listed.',
    {
      id: text('Id of the item.'),
      type: choice(['mcp_list_tools'], 'Always `mcp_list_tools`.'),
      server_label: text('Label of the server.'),
      tools: list(anyObject('A tool: `name`, `description`, `input_schema`, `annotations`.'), 'The allowed tools.'),
    },
    { error: text('Why there are none; absent if the server has listed them.'), ...TOLD_NODE },
  ),
  ResponseMcpCall: object(
    'A call of a tool of an MCP server.',
    {
      id: text('Id of the item.'),
      type: choice(['mcp_call'], 'Always `mcp_call`.'),
      status: choice(
        ['in_progress', 'completed', 'incomplete', 'failed'],
        'Whether it is open, went well, was cut, or failed.',
      ),
      approval_request_id: orNull(text('Id of the approval of the call; else null.')),
      server_label: text('Label of the server.'),
      name: text('Name of the tool.'),
      arguments: text('Its arguments, as JSON.'),
      output: orNull(text('The output of the tool; null if the call failed.')),
      error: orNull(anyObject('What went wrong; else null.')),
    },
    TOLD_NODE,
  ),
  ResponseMcpApprovalRequest: object(
    'A call of a tool of an MCP server that is made only if the client approves it.',
    {
      id: text('Id of the item, which the approval names.'),
      type: choice(['mcp_approval_request'], 'Always `mcp_approval_request`.'),
      server_label: text('Label of the server.'),
      name: text('Name of the tool.'),
      arguments: text('Its arguments, as JSON.'),
    },
    TOLD_NODE,
  ),
};

const USAGE = object('Tokens of all model calls of the run.', {
  input_tokens: count('Tokens that the models read.'),
  input_tokens_details: object('Parts of them.', {
    cached_tokens: count('From a cache.'),
    cache_write_tokens: count('Written into one.'),
  }),
  output_tokens: count('Tokens that the models wrote.'),
  output_tokens_details: object('Parts of them.', { reasoning_tokens: count('Thoughts.') }),
  total_tokens: count('Both together.'),
});

const STATUS = choice(
  ['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled'],
  'The status. The last four are final.',
);

const RESPONSE = object(
  'The output of a workflow, in the protocol of responses.',
  {
    id: text('Id of the response.'),
    object: choice(['response'], 'Always `response`.'),
    created_at: seconds('When it was requested.'),
    completed_at: orNull(seconds('When it was completed; else null.')),
    status: STATUS,
    background: flag('Whether it continues without its client.'),
    error: orNull(
      object('The error; else null.', {
        code: choice(['server_error', 'rate_limit_exceeded', 'invalid_prompt'], 'Whether a retry makes sense.'),
        message: text('What happened.'),
      }),
    ),
    incomplete_details: orNull(
      object('Why it is incomplete; else null.', {
        reason: choice(['max_output_tokens', 'content_filter'], 'What cut it short.'),
      }),
    ),
    instructions: anything('As asked.'),
    max_output_tokens: orNull(count('As asked.')),
    max_tool_calls: orNull(count('As asked.')),
    model: text('The name of the workflow, as requested.'),
    output: list(any('ResponseOutputItem'), 'The output, in order.'),
    parallel_tool_calls: flag('As asked.'),
    previous_response_id: orNull(text('The stored response that it continues.')),
    prompt_cache_key: orNull(text('As asked.')),
    reasoning: anyObject('As asked.'),
    safety_identifier: orNull(text('As asked.')),
    service_tier: text('As asked.'),
    store: flag('Whether it can be retrieved and referred to when it has ended.'),
    temperature: number('As asked.'),
    top_p: number('As asked.'),
    presence_penalty: number('As asked.'),
    frequency_penalty: number('As asked.'),
    text: anyObject('As asked.'),
    tool_choice: anything('As asked.'),
    tools: list(anyObject('A tool.'), 'As asked.'),
    top_logprobs: count('As asked.'),
    truncation: text('As asked.'),
    usage: orNull(refer('ResponseUsage', 'Tokens; null until it has ended.')),
    user: orNull(text('As asked.')),
    metadata: anyObject('As asked.'),
  },
  {
    usage_incomplete: flag(
      'True if more may have been used than `usage` shows: a step was active when its process ended. Else absent.',
    ),
  },
);

const EVENT: schemaParts.DescribedSchema = {
  ...object(
    'The data of one event of a response. Which other fields it has depends on its type.',
    {
      type: text('Its name.'),
      sequence_number: count('Its number, counted from 0 without gaps.'),
    },
    {
      response: refer('ModelResponse', 'The response as it is now: only in the first events and the last one.'),
      item: refer('ResponseOutputItem', 'Of `response.output_item.added` and `.done`.'),
      item_id: text('The item that it belongs to.'),
      output_index: count('Place of the item in the output.'),
      content_index: count('Place of the part in the item.'),
      delta: text('What is new.'),
      code: orNull(text('Only in `error`: whether a retry makes sense.')),
      message: text('Of `error`: what happened.'),
    },
  ),
  additionalProperties: true,
};

/** Schemas of this door's responses, by their names in the OpenAPI document. */
export const RESPONSE_SCHEMAS = {
  ModelResponse: RESPONSE,
  ResponseOutputItem: {
    description: 'One item of a response.',
    oneOf: Object.keys(ITEMS).map(any),
  } as schemaParts.DescribedSchema,
  ...ITEMS,
  ResponseUsage: USAGE,
  ResponseEvent: EVENT,
  ResponseItemList: object('A page of the input items of a response.', {
    object: choice(['list'], 'Always `list`.'),
    data: list(anyObject('An item, as `input` has it.'), 'The items.'),
    first_id: orNull(text('Id of the first one of the page.')),
    last_id: orNull(text('Id of the last one: `after` of the next page.')),
    has_more: flag('Whether there are more after it.'),
  }),
  DeletedResponse: object('A deleted response.', {
    id: text('Its id.'),
    object: choice(['response'], 'Always `response`.'),
    deleted: { ...flag('Always true.'), enum: [true] },
  }),
};
