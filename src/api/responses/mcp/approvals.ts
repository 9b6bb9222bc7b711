import { InvalidRequestError } from '../../../errors/index.js';
import { type JsonObject, sha256 } from '../../../kernel/index.js';
import type { ApprovedMcpCall } from '../../../workflow/index.js';
import { findKind } from '../items/input-kinds.js';

/** The outcome of a call that the client was asked to approve. */
export type ApprovalVerdict =
  /** It is made before a model is asked. */
  | { readonly kind: 'approved'; readonly call: ApprovedMcpCall }
  /** It is not made, for the reason that the model reads. */
  | { readonly kind: 'refused'; readonly words: string }
  /** It was made: a separate item shows it. */
  | { readonly kind: 'made' };

/** Characters of ids that providers take everywhere. */
const ID_DIGITS = 24;

/** The id, in chat form, of the call in an item: providers refuse long ones. */
export function makeCallId(itemId: string): string {
  return `call_${sha256(itemId).slice(0, ID_DIGITS)}`;
}

/**
 * Finds the outcomes of the calls that clients were asked to approve, by the ids of the items that ask.
 *
 * An approval counts once: not if its call was made, and not if the model has written since. The first answer to a
 * question counts.
 * @param items of the whole conversation, in order
 * @throws InvalidRequestError for an answer without a question
 */
export function judgeApprovals(items: readonly JsonObject[]): ReadonlyMap<string, ApprovalVerdict> {
  const asked = new Map<string, JsonObject>();
  const answers = new Map<string, { readonly item: JsonObject; readonly index: number }>();
  const made = new Set<unknown>();
  let lastSaid = -1;
  for (const [index, item] of items.entries()) {
    const { id, approval_request_id: approval, arguments: args } = item;
    switch (findKind(item)) {
      case 'mcp_approval_request':
        // A question without arguments is void: its step had begun again.
        if (args !== '') asked.set(String(id), item);
        break;
      case 'mcp_approval_response':
        if (!answers.has(String(approval))) answers.set(String(approval), { item, index });
        break;
      case 'mcp_call':
        if (typeof approval === 'string') made.add(approval);
        break;
      case 'message':
        if (item['role'] === 'assistant') lastSaid = index;
        break;
      default:
    }
  }
  for (const id of answers.keys()) if (!asked.has(id) && !made.has(id)) throw makeNotAskedError(id);
  const verdicts = new Map<string, ApprovalVerdict>();
  for (const [id, request] of asked) {
    const answer = answers.get(id);
    if (made.has(id)) verdicts.set(id, { kind: 'made' });
    else if (answer === undefined) verdicts.set(id, { kind: 'refused', words: UNANSWERED });
    else if (answer.item['approve'] !== true)
      verdicts.set(id, { kind: 'refused', words: describeRefusal(answer.item) });
    else if (answer.index < lastSaid) verdicts.set(id, { kind: 'refused', words: LOST });
    else verdicts.set(id, { kind: 'approved', call: makeApprovedCall(id, request) });
  }
  return verdicts;
}

/** The approved calls, in the order in which they were asked for. */
export function listApproved(verdicts: ReadonlyMap<string, ApprovalVerdict>): readonly ApprovedMcpCall[] {
  return [...verdicts.values()].flatMap((verdict) => (verdict.kind === 'approved' ? [verdict.call] : []));
}

const UNANSWERED = 'Nobody has approved this call, so it was not made.';
const LOST = 'This call was approved, and its result is not known any more.';

function describeRefusal({ reason }: JsonObject): string {
  const words = 'The user did not approve this call, so it was not made.';
  return typeof reason === 'string' && reason.trim() !== '' ? `${words} The reason: ${reason}` : words;
}

function makeApprovedCall(
  approval: string,
  { server_label: server, name, arguments: args }: JsonObject,
): ApprovedMcpCall {
  return {
    approval,
    callId: makeCallId(approval),
    server: String(server),
    name: String(name),
    arguments: String(args),
  };
}

function makeNotAskedError(id: string): InvalidRequestError {
  return new InvalidRequestError(
    `No approval request found for the approval response with approval_request_id ${id.slice(0, 64)}. Send that item, too, or name its response in 'previous_response_id'.`,
    { param: 'input' },
  );
}
