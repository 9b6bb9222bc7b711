import type { IdSource, JsonObject } from '../../../kernel/index.js';
import { dropNothing, listParts } from './input-content.js';
import { findKind, type InputKind } from './input-kinds.js';

const STATUSES: ReadonlySet<unknown> = new Set(['in_progress', 'completed', 'incomplete']);
const PHASES: ReadonlySet<unknown> = new Set(['commentary', 'final_answer']);

const PREFIX: Readonly<Record<InputKind, string>> = {
  message: 'msg',
  function_call: 'fc',
  function_call_output: 'fco',
  custom_tool_call: 'ctc',
  custom_tool_call_output: 'ctco',
  reasoning: 'rs',
  item_reference: 'item',
  mcp_list_tools: 'mcpl',
  mcp_call: 'mcp',
  mcp_approval_request: 'mcpr',
  mcp_approval_response: 'mcpr',
  receipt: 'item',
};

/**
 * A whole conversation as it is stored and listed, oldest first. If several items have the same id, only the first keeps
 * it: clients page through the list by id.
 * @param earlier items that are already stored
 */
export function makeContext(
  earlier: readonly JsonObject[],
  items: readonly JsonObject[],
  ids: Pick<IdSource, 'itemId'>,
): readonly JsonObject[] {
  const taken = new Set(earlier.map(({ id }) => id));
  const made = items.map((item) => {
    const kept = makeContextItem(item, ids);
    const whole = taken.has(kept['id']) ? { ...kept, id: makeId(findKind(item) ?? 'receipt', ids) } : kept;
    taken.add(whole['id']);
    return whole;
  });
  return [...earlier, ...made];
}

/**
 * An item of a request as it is stored and listed: with its type, an id, a status, and its content in parts. Its own id
 * is kept, if it has one; it is no reference.
 */
export function makeContextItem(item: JsonObject, ids: Pick<IdSource, 'itemId'>): JsonObject {
  const kind = findKind(item) ?? 'receipt';
  // Messages that steps made themselves are not part of the client's conversation.
  const { millrace: _, phase, ...kept } = dropNothing(item);
  const { id, status } = kept;
  const whole = {
    ...kept,
    id: typeof id === 'string' && id !== '' ? id : makeId(kind, ids),
    status: STATUSES.has(status) ? status : 'completed',
  };
  switch (kind) {
    case 'mcp_list_tools':
    case 'mcp_approval_request':
    case 'mcp_approval_response': {
      const { status: _status, ...statusless } = whole;
      return statusless;
    }
    case 'mcp_call':
      return status === 'failed' ? { ...whole, status } : whole;
    case 'message': {
      const isSaid = item['role'] === 'assistant';
      const parts = listParts(item['content'], isSaid ? 'output_text' : 'input_text').map(dropNothing);
      return {
        ...whole,
        type: 'message',
        content: isSaid ? parts.map(makeSaidPart) : parts,
        ...(PHASES.has(phase) && { phase }),
      };
    }
    case 'function_call_output':
    case 'custom_tool_call_output': {
      const { output } = item;
      return {
        ...whole,
        output: typeof output === 'string' ? output : listParts(output, 'input_text').map(dropNothing),
      };
    }
    case 'reasoning':
      return { ...whole, summary: listParts(item['summary'], 'summary_text') };
    default:
      return whole;
  }
}

function makeId(kind: InputKind, ids: Pick<IdSource, 'itemId'>): string {
  return `${PREFIX[kind]}_${ids.itemId()}`;
}

function makeSaidPart(part: JsonObject): JsonObject {
  if (part['type'] === 'refusal') return part;
  const { annotations, logprobs } = part;
  return {
    ...part,
    type: 'output_text',
    annotations: Array.isArray(annotations) ? annotations : [],
    logprobs: Array.isArray(logprobs) ? logprobs : [],
  };
}
