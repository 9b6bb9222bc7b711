import assert from 'node:assert/strict';
import { toUSVString } from 'node:util';
import { assertValidResponseEvent, type WireEvent, type WireResponse } from './response-schemas.js';

type WireItem = WireResponse['output'][number];
type EventOf<T extends WireEvent['type']> = Extract<WireEvent, { type: T }>;

/** The content of a whole stream of a response. */
export interface CheckedStream {
  readonly events: readonly WireEvent[];
  /** The response of the last event. */
  readonly response: WireResponse;
  /** All text, joined as in `output_text`. */
  readonly text: string;
  readonly reasoning: string;
  readonly refusal: string;
  /** Undefined unless the response failed. */
  readonly error: EventOf<'error'> | undefined;
}

const TERMINAL: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete', 'response.failed']);

/**
 * Checks a stream of a response by every rule that any client relies on: numbers without gaps, one item after the other, stable
 * ids, no item or part without an announcement, and one terminal event with the whole output.
 * @param json the events as parsed
 * @throws AssertionError naming the rule that is broken, or Error if an event is not valid at all
 */
export function assertResponseStream(json: readonly unknown[]): CheckedStream {
  const stream = new StreamRules();
  const events = json.map((event) => {
    assertValidResponseEvent(event);
    stream.take(event);
    return event;
  });
  const response = stream.end();
  return {
    events,
    response,
    text: joinText(events, 'response.output_text.delta'),
    reasoning: joinText(events, 'response.reasoning_summary_text.delta'),
    refusal: joinText(events, 'response.refusal.delta'),
    error: events.find((event) => event.type === 'error'),
  };
}

/** All text of the output, as clients join it. */
export function readOutputText({ output }: Pick<WireResponse, 'output'>): string {
  return output
    .flatMap((item) => (item.type === 'message' ? item.content : []))
    .map((part) => (part.type === 'output_text' ? part.text : ''))
    .join('');
}

function joinText(events: readonly WireEvent[], type: WireEvent['type']): string {
  return events.map((event) => (event.type === type && 'delta' in event ? event.delta : '')).join('');
}

interface OpenItem {
  readonly id: string;
  readonly type: string;
  readonly index: number;
  /** Texts of the parts; the arguments of a call are at 0. */
  readonly texts: string[];
  /** The index of the open part. */
  part: number | undefined;
  isTextDone: boolean;
}

class StreamRules {
  #number = 0;
  #id: string | undefined;
  #last: WireEvent | undefined;
  #isRunning = false;
  #isQueued = false;
  #response: WireResponse | undefined;
  readonly #items: OpenItem[] = [];
  readonly #done: WireItem[] = [];
  readonly #ids = new Set<string>();
  /** The last progress event of each item about an MCP server, by its id. */
  readonly #steps = new Map<string, string>();

  take(event: WireEvent): void {
    assert.equal(event.sequence_number, this.#number++, `sequence_number of ${event.type} has no gaps`);
    assert.equal(this.#response, undefined, `nothing follows the last event, but ${event.type} did`);
    if (this.#number === 1) assert.equal(event.type, 'response.created', 'response.created is first');
    if (this.#last?.type === 'error') assert.equal(event.type, 'response.failed', 'response.failed follows an error');
    if ('response' in event) this.#takeResponse(event.type, event.response);
    else if (event.type !== 'error') assert.ok(this.#isRunning, `${event.type} comes after response.in_progress`);
    this.#takeItem(event);
    this.#last = event;
  }

  end(): WireResponse {
    assert.ok(this.#response, 'the stream has a last event');
    return this.#response;
  }

  #takeResponse(type: string, response: WireResponse): void {
    assert.equal(response.id, (this.#id ??= response.id), 'the id of the response never changes');
    for (const [index, item] of response.output.entries()) {
      const known = this.#items[index];
      assert.equal(item.id, known?.id, `${type} must have the items in their order`);
      if (isVoid(item)) continue;
      assert.equal(readText(item), known?.texts.join(''), `${type} has the whole text of item ${index}`);
      const done = this.#done[index];
      if (done !== undefined)
        assert.deepEqual(withoutCitations(item), withoutCitations(done), 'a closed item never changes');
    }
    assert.equal(response.output.length, this.#items.length, `${type} has all items`);
    if (type === 'response.created') {
      assert.equal(this.#number, 1, 'response.created comes once');
      assert.equal(response.status, response.background === true ? 'queued' : 'in_progress');
    } else if (type === 'response.queued') {
      this.#isQueued = true;
      assert.equal(response.status, 'queued');
    } else if (type === 'response.in_progress') {
      this.#isRunning = true;
      assert.equal(response.status, 'in_progress');
    } else this.#finish(type, response);
  }

  #finish(type: string, response: WireResponse): void {
    assert.ok(TERMINAL.has(type), `${type} is not an event with a response`);
    // A queued response may end before it starts.
    assert.ok(this.#isRunning || this.#isQueued, `${type} comes after response.in_progress`);
    const open = this.#items.filter(({ index }) => this.#done[index] === undefined);
    assert.deepEqual(open, [], `no item is open at ${type}`);
    const statuses = { 'response.completed': ['completed'], 'response.failed': ['failed'] }[type];
    assert.ok((statuses ?? ['incomplete', 'cancelled']).includes(response.status ?? ''), `${type}: ${response.status}`);
    const failure = this.#last?.type === 'error' ? this.#last : undefined;
    assert.equal(failure === undefined, type !== 'response.failed', 'an error event comes before response.failed');
    if (failure !== undefined) {
      assert.equal(failure.code, response.error?.code, 'both have the same code');
      assert.equal(failure.message, response.error?.message, 'both have the same message');
    } else assert.equal(response.error, null);
    if (type !== 'response.completed') assert.equal(response.completed_at, null);
    if (response.status === 'completed') {
      for (const item of response.output) {
        if (isVoid(item) || hasNoStatus(item)) continue;
        const { status } = item as { status?: string };
        // A call of a server's tool may fail; the response continues.
        if (item.type === 'mcp_call') assert.equal(status, item.error === null ? 'completed' : 'failed');
        else assert.equal(status, 'completed');
      }
    }
    assert.ok(response.usage, 'every last event has the usage');
    assert.equal('output_text' in response, false, 'clients compute output_text themselves');
    this.#response = response;
  }

  #takeItem(event: WireEvent): void {
    switch (event.type) {
      case 'response.output_item.added':
        this.#open(event);
        break;
      case 'response.output_item.done':
        this.#close(event);
        break;
      case 'response.content_part.added':
        assert.equal(event.content_index, this.#find(event, 'message').texts.length, 'parts are counted from 0');
        this.#openPart(this.#find(event, 'message'));
        break;
      case 'response.reasoning_summary_part.added':
        assert.equal(event.summary_index, this.#find(event, 'reasoning').texts.length, 'parts are counted from 0');
        this.#openPart(this.#find(event, 'reasoning'));
        break;
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        this.#say(this.#find(event, 'message'), event.content_index, event.delta);
        break;
      case 'response.reasoning_summary_text.delta':
        this.#say(this.#find(event, 'reasoning'), event.summary_index, event.delta);
        break;
      case 'response.function_call_arguments.delta':
        this.#say(this.#find(event, 'function_call'), 0, event.delta);
        break;
      case 'response.custom_tool_call_input.delta':
        this.#say(this.#find(event, 'custom_tool_call'), 0, event.delta);
        break;
      case 'response.output_text.done':
        this.#endText(this.#find(event, 'message'), event.content_index, event.text);
        break;
      case 'response.refusal.done':
        this.#endText(this.#find(event, 'message'), event.content_index, event.refusal);
        break;
      case 'response.reasoning_summary_text.done':
        this.#endText(this.#find(event, 'reasoning'), event.summary_index, event.text);
        break;
      case 'response.function_call_arguments.done':
        this.#endText(this.#find(event, 'function_call'), 0, event.arguments);
        break;
      case 'response.custom_tool_call_input.done':
        this.#endText(this.#find(event, 'custom_tool_call'), 0, event.input);
        break;
      case 'response.content_part.done':
        assert.ok(event.part.type !== 'reasoning_text');
        this.#closePart(this.#find(event, 'message'), event.content_index, readPart(event.part));
        break;
      case 'response.reasoning_summary_part.done':
        this.#closePart(this.#find(event, 'reasoning'), event.summary_index, event.part.text);
        break;
      case 'response.mcp_call_arguments.delta':
        this.#say(this.#find(event, 'mcp_call'), 0, event.delta);
        break;
      case 'response.mcp_call_arguments.done':
        this.#endText(this.#find(event, 'mcp_call'), 0, event.arguments);
        break;
      case 'response.mcp_call.in_progress':
        this.#follow(this.#find(event, 'mcp_call'), undefined, 'begun');
        break;
      case 'response.mcp_call.completed':
      case 'response.mcp_call.failed':
        this.#follow(this.#find(event, 'mcp_call'), 'begun', event.type);
        break;
      case 'response.mcp_list_tools.in_progress':
        this.#follow(this.#find(event, 'mcp_list_tools'), undefined, 'begun');
        break;
      case 'response.mcp_list_tools.completed':
      case 'response.mcp_list_tools.failed':
        this.#follow(this.#find(event, 'mcp_list_tools'), 'begun', event.type);
        break;
      case 'error':
      case 'response.created':
      case 'response.queued':
      case 'response.in_progress':
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
        break;
      default:
        assert.fail(`${event.type} is not an event of this server`);
    }
  }

  #open({ output_index: index, item }: EventOf<'response.output_item.added'>): void {
    assert.equal(index, this.#items.length, 'output_index counts from 0');
    assert.ok(item.id !== undefined && !this.#ids.has(item.id), 'each item has an id of its own');
    this.#ids.add(item.id);
    if (!hasNoStatus(item)) assert.equal((item as { status?: string }).status, 'in_progress');
    const isWhole = item.type === 'mcp_approval_request';
    if (!isWhole) assert.equal(readText(item), '', 'an item is empty when it is announced');
    const open = this.#items.filter((other) => this.#done[other.index] === undefined);
    const alone = open.filter(({ type }) => type === 'message' || type === 'reasoning');
    assert.deepEqual(alone, [], 'an item is closed before the next one starts');
    this.#items.push({ id: item.id, type: item.type, index, texts: [], part: undefined, isTextDone: false });
    if (isCall(item.type)) this.#openPart(this.#items.at(-1) as OpenItem);
    if (isWhole) this.#items.at(-1)?.texts.push(readText(item));
  }

  #close({ output_index: index, item }: EventOf<'response.output_item.done'>): void {
    const open = this.#items[index];
    assert.ok(open !== undefined && this.#done[index] === undefined, 'only open items are closed');
    assert.equal(item.id, open.id, 'the id of an item never changes');
    assert.equal(item.type, open.type);
    assert.notEqual((item as { status?: string }).status, 'in_progress');
    if (!isVoid(item))
      assert.equal(readText(item), open.texts.join(''), 'a closed item has the whole text of its deltas');
    if (isCall(open.type)) assert.ok(open.isTextDone, 'the arguments of a call end before the call');
    else assert.equal(open.part, undefined, 'parts are closed before their item');
    assert.ok(open.texts.length > 0 || item.type === 'mcp_list_tools', 'there are no empty items');
    const { error } = item as { error?: unknown };
    const ending = (error ?? undefined) === undefined && !isVoid(item) ? 'completed' : 'failed';
    if (item.type === 'mcp_call' || item.type === 'mcp_list_tools')
      assert.equal(
        this.#steps.get(open.id),
        `response.${item.type}.${ending}`,
        'an event with the ending comes before the end of the item',
      );
    this.#done[index] = item;
  }

  #follow({ id }: OpenItem, before: string | undefined, now: string): void {
    assert.equal(this.#steps.get(id), before, `${now} follows the right event`);
    this.#steps.set(id, now);
  }

  /** The open item that an event names. */
  #find({ item_id: id, output_index: index }: { item_id: string; output_index: number }, type: string): OpenItem {
    const item = this.#items[index];
    assert.equal(id, item?.id, 'events name their item');
    assert.equal(item?.type, type);
    assert.equal(this.#done[index], undefined, 'nothing comes after the end of an item');
    return item;
  }

  #openPart(item: OpenItem): void {
    assert.equal(item.part, undefined, 'a part is closed before the next one starts');
    item.part = item.texts.length;
    item.texts.push('');
    item.isTextDone = false;
  }

  #say(item: OpenItem, part: number, delta: string): void {
    assert.equal(item.part, part, 'text belongs to the open part');
    assert.equal(item.isTextDone, false, 'nothing comes after the end of a text');
    assert.notEqual(delta, '', 'deltas are not empty');
    assert.equal(toUSVString(delta), delta, 'no delta cuts a character');
    item.texts[part] += delta;
  }

  #endText(item: OpenItem, part: number, whole: string): void {
    assert.equal(item.part, part);
    assert.equal(whole, item.texts[part], 'the end of a text has the whole text');
    item.isTextDone = true;
  }

  #closePart(item: OpenItem, part: number, whole: string): void {
    assert.equal(item.part, part);
    assert.equal(whole, item.texts[part], 'the end of a part has the whole text');
    assert.ok(item.isTextDone, 'a text ends before its part');
    item.part = undefined;
  }
}

/** OpenAI's items of these types have no status. */
function hasNoStatus({ type }: WireItem): boolean {
  return type === 'mcp_list_tools' || type === 'mcp_approval_request';
}

function isCall(type: string): boolean {
  return type === 'function_call' || type === 'custom_tool_call' || type === 'mcp_call';
}

function readPart(
  part: { readonly type: string } & ({ readonly text: string } | { readonly refusal: string }),
): string {
  return 'text' in part ? part.text : part.refusal;
}

/** True for an item whose content is void, because its step started again after a restart of the server. */
function isVoid(item: WireItem): boolean {
  return (item as { status?: string }).status === 'incomplete' && readText(item) === '';
}

/** All text of an item of any type. */
function readText(item: WireItem): string {
  switch (item.type) {
    case 'message':
      return item.content.map(readPart).join('');
    case 'reasoning':
      return item.summary.map(({ text }) => text).join('');
    case 'function_call':
      return item.arguments;
    case 'custom_tool_call':
      return item.input;
    case 'mcp_call':
    case 'mcp_approval_request':
      return item.arguments;
    case 'mcp_list_tools':
      return '';
    default:
      throw new assert.AssertionError({ message: `${item.type} is not an item of this server` });
  }
}

/** Citations may come after the text that they are about. */
function withoutCitations(item: WireItem): unknown {
  if (item.type !== 'message') return item;
  return { ...item, content: item.content.map((part) => ({ ...part, annotations: [] })) };
}
