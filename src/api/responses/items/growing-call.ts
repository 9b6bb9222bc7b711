import { isJsonObject } from '../../../kernel/index.js';
import { GrowingText } from '../../../streaming/index.js';
import { type DeltaFrame, type EventSequence, makeDeltaFrame } from '../response-events.js';
import { GrowingItem, type ItemPlace } from './growing-item.js';
import type { CustomToolCallItem, FunctionCallItem } from './output-item.js';

/** What is known of a call when it is announced. */
export interface CallHead {
  readonly kind: 'custom' | undefined;
  readonly callId: string;
  readonly name: string;
}

/** A call of one of the client's tools. */
export class GrowingCall extends GrowingItem {
  readonly #head: CallHead;
  #text = new GrowingText();
  readonly #delta: DeltaFrame;

  constructor(head: CallHead, place: ItemPlace, events: EventSequence) {
    super(head.kind === 'custom' ? 'ctc' : 'fc', place, events);
    this.#head = head;
    const type =
      head.kind === 'custom' ? 'response.custom_tool_call_input.delta' : 'response.function_call_arguments.delta';
    this.#delta = makeDeltaFrame(type, this.placeFields);
    this.announce();
  }

  override get item(): FunctionCallItem | CustomToolCallItem {
    const { kind, callId: call_id, name } = this.#head;
    const { text } = this.#text;
    return kind === 'custom'
      ? { type: 'custom_tool_call', ...this.base, call_id, name, input: text }
      : { type: 'function_call', ...this.base, call_id, name, arguments: text };
  }

  /**
   * True if only another call can follow, because its arguments are a whole object. Calls of a custom tool have no such
   * sign.
   */
  get isWhole(): boolean {
    if (this.#head.kind === 'custom') return false;
    try {
      return isJsonObject(JSON.parse(this.#text.text));
    } catch {
      return false;
    }
  }

  add(piece: string): void {
    if (piece === '') return;
    this.#text.add(piece);
    this.events.addDelta(this.#delta, JSON.stringify(piece));
  }

  protected override clear(): void {
    this.#text = new GrowingText();
  }

  protected override closeParts(status: 'completed' | 'incomplete'): void {
    if (this.#head.kind === 'custom') {
      const input = JSON.stringify(this.#text.text);
      this.events.add('response.custom_tool_call_input.done', `${this.placeFields},"input":${input}`);
      return;
    }
    // A call without arguments gets an empty object, because clients parse them.
    if (this.#text.isEmpty && status === 'completed') this.add('{}');
    const name = JSON.stringify(this.#head.name);
    const json = JSON.stringify(this.#text.text);
    this.events.add('response.function_call_arguments.done', `${this.placeFields},"arguments":${json},"name":${name}`);
  }
}
