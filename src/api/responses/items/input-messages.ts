import { InvalidRequestError } from '../../../errors/index.js';
import { isJsonObject, type JsonObject } from '../../../kernel/index.js';
import type { Message } from '../../../models/index.js';
import type { AssistantPart, SystemPart, UserPart } from '../dto/index.js';
import { judgeApprovals, makeCallId, type ApprovalVerdict } from '../mcp/approvals.js';
import {
  listParts,
  writeAssistantContent,
  writeSystemContent,
  writeToolContent,
  writeUserContent,
} from './input-content.js';
import { findKind } from './input-kinds.js';

type CallKind = 'function call' | 'custom tool call' | 'MCP call';

/** Stands for the result of a call, for agents that do not make it. */
const APPROVED = 'The user has approved this call.';
const CUT_OFF = 'This call was cut off: whether it was made is not known.';

/** A message in chat form while it is being built. */
interface MessageDraft {
  readonly role: string;
  tool_calls?: object[];
}

/** The messages that directly follow one with calls: upstreams accept outputs of calls nowhere else. */
class CallOutputs {
  readonly #outputs: object[] = [];
  readonly #media: object[] = [];

  add(callId: string, output: string | readonly UserPart[]): void {
    const { text, media } = writeToolContent(output);
    this.#outputs.push({ role: 'tool', tool_call_id: callId, content: text });
    if (media.length === 0) return;
    // A tool message cannot hold them. The text tells the model which call they belong to.
    this.#media.push({ type: 'text', text: `Given by the tool call ${callId}:` }, ...media);
  }

  write(): object[] {
    return this.#media.length === 0 ? this.#outputs : [...this.#outputs, { role: 'user', content: this.#media }];
  }
}

interface MadeCall {
  readonly kind: CallKind;
  readonly id: string;
  readonly outputs: CallOutputs;
  isAnswered: boolean;
}

/**
 * Converts a conversation of items into chat messages.
 * - Calls that follow each other, and the assistant's text just before them, are one message.
 * - The outputs of its calls follow it directly, wherever they are among the items. Their images and files follow as a
 *   message of the user.
 * - Calls of tools of MCP servers are calls with their outputs.
 * - What the model thought, and receipts of tools that others run, are left out.
 *
 * Takes linear time.
 *
 * @param items checked, references resolved
 * @param verdicts the outcomes of the calls that clients were asked to approve
 * @throws InvalidRequestError if a call has no output, or an output no call
 */
export function makeMessages(
  items: readonly JsonObject[],
  verdicts: ReadonlyMap<string, ApprovalVerdict> = judgeApprovals(items),
): readonly Message[] {
  const conversation = new ConversationBuilder(verdicts);
  for (const item of items) conversation.add(item);
  return conversation.end();
}

class ConversationBuilder {
  readonly #verdicts: ReadonlyMap<string, ApprovalVerdict>;
  /** Verdicts that are among the messages already: the same approval may be in the input twice. */
  readonly #judged = new Set<ApprovalVerdict>();
  readonly #messages: (MessageDraft | CallOutputs)[] = [];
  readonly #made: MadeCall[] = [];
  /** Calls by kind and id, and how many of them have their output: some models number their calls anew in each turn. */
  readonly #sameCalls = new Map<string, { readonly calls: MadeCall[]; answered: number }>();
  readonly #outputs: { readonly kind: CallKind; readonly item: JsonObject }[] = [];
  /** Takes the next call. */
  #open: MessageDraft | undefined;
  #callOutputs: CallOutputs | undefined;

  constructor(verdicts: ReadonlyMap<string, ApprovalVerdict>) {
    this.#verdicts = verdicts;
  }

  add(item: JsonObject): void {
    const { call_id: id, name } = item;
    switch (findKind(item)) {
      case 'message':
        this.#addMessage(item);
        return;
      case 'function_call':
        this.#addCall('function call', item, {
          id,
          type: 'function',
          function: { name, arguments: item['arguments'] },
        });
        return;
      case 'custom_tool_call':
        this.#addCall('custom tool call', item, { id, type: 'custom', custom: { name, input: item['input'] } });
        return;
      case 'function_call_output':
        this.#addOutput('function call', item);
        return;
      case 'custom_tool_call_output':
        this.#addOutput('custom tool call', item);
        return;
      case 'mcp_call':
        this.#addMcpCall(item, describeMcpResult(item));
        return;
      case 'mcp_approval_request': {
        const verdict = this.#verdicts.get(String(item['id']));
        if (verdict === undefined || verdict.kind === 'made' || this.#judged.has(verdict)) return;
        this.#judged.add(verdict);
        // The result of an approved call gets this place.
        this.#addMcpCall(item, verdict.kind === 'approved' ? APPROVED : verdict.words);
        return;
      }
      default:
    }
  }

  /** @throws InvalidRequestError if calls and outputs do not pair */
  end(): readonly Message[] {
    for (const { kind, item } of this.#outputs) {
      const id = item['call_id'] as string;
      const call = this.#takeCall(kind, id);
      if (call === undefined)
        throw makeUnpairedError(`No tool call found for ${kind} output with call_id ${quoteId(id)}.`);
      call.isAnswered = true;
      call.outputs.add(id, item['output'] as string | readonly UserPart[]);
    }
    const forgotten = this.#made.find(({ isAnswered }) => !isAnswered);
    if (forgotten !== undefined) {
      throw makeUnpairedError(`No tool output found for ${forgotten.kind} ${quoteId(forgotten.id)}.`);
    }
    const messages: readonly object[] = this.#messages.flatMap((one) =>
      one instanceof CallOutputs ? one.write() : [one],
    );
    return messages as readonly Message[];
  }

  #addMessage({ role, content }: JsonObject): void {
    if (role !== 'assistant') {
      this.#close();
      const written =
        role === 'user'
          ? writeUserContent(content as string | readonly UserPart[])
          : writeSystemContent(content as string | readonly SystemPart[]);
      this.#messages.push({ role, content: written } as MessageDraft);
      return;
    }
    const said = writeAssistantContent(content as string | readonly AssistantPart[] | null | undefined);
    if (said.content === null && said.refusal === undefined) return;
    this.#close();
    this.#open = { role, ...said };
    this.#messages.push(this.#open);
  }

  /** A call that this server has made, or could have made. Clients do not answer it. */
  #addMcpCall({ id, name, arguments: args }: JsonObject, result: string): void {
    // The call is void: its step has begun again.
    if (args === '') return;
    const callId = makeCallId(
      typeof id === 'string' && id !== '' ? id : `${this.#messages.length} ${this.#made.length}`,
    );
    const call = {
      name: String(name)
        .replaceAll(/[^A-Za-z0-9_-]/g, '_')
        .slice(0, 64),
      arguments: args,
    };
    this.#addCall('MCP call', { call_id: callId }, { id: callId, type: 'function', function: call });
    this.#outputs.push({ kind: 'MCP call', item: { call_id: callId, output: result } });
  }

  #addCall(kind: CallKind, { call_id: callId }: JsonObject, call: object): void {
    if (this.#open === undefined) {
      this.#open = { role: 'assistant', content: null } as MessageDraft;
      this.#messages.push(this.#open);
    }
    if (this.#callOutputs === undefined) {
      this.#callOutputs = new CallOutputs();
      this.#messages.push(this.#callOutputs);
    }
    (this.#open.tool_calls ??= []).push(call);
    const made: MadeCall = { kind, id: callId as string, outputs: this.#callOutputs, isAnswered: false };
    this.#made.push(made);
    const key = writeKey(kind, made.id);
    const same = this.#sameCalls.get(key);
    if (same === undefined) this.#sameCalls.set(key, { calls: [made], answered: 0 });
    else same.calls.push(made);
  }

  /** Its call is found when all calls are known. */
  #addOutput(kind: CallKind, item: JsonObject): void {
    this.#close();
    this.#outputs.push({ kind, item });
  }

  /** The oldest call of this id that has no output yet. */
  #takeCall(kind: CallKind, id: string): MadeCall | undefined {
    const same = this.#sameCalls.get(writeKey(kind, id));
    return same?.calls[same.answered++];
  }

  #close(): void {
    this.#open = undefined;
    this.#callOutputs = undefined;
  }
}

function describeMcpResult({ output, error, status }: JsonObject): string {
  if (typeof error === 'string') return `Error: ${error}`;
  if (isJsonObject(error)) return `Error: ${describeMcpError(error)}`;
  if (typeof output === 'string') return output === '' ? '(empty)' : output;
  return status === 'completed' ? '(empty)' : CUT_OFF;
}

function describeMcpError({ message, content }: JsonObject): string {
  if (typeof message === 'string') return message;
  return typeof content === 'string' ? content : joinTexts(content);
}

function joinTexts(content: unknown): string {
  const texts = listParts(content, 'text').flatMap(({ text }) => (typeof text === 'string' ? [text] : []));
  return texts.length === 0 ? 'the tool failed.' : texts.join('\n');
}

function writeKey(kind: CallKind, id: string): string {
  return `${kind} ${id}`;
}

function quoteId(id: string): string {
  return id.length > 64 ? `${id.slice(0, 64)}…` : id;
}

function makeUnpairedError(message: string): InvalidRequestError {
  return new InvalidRequestError(message, { param: 'input' });
}
