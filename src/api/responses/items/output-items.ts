import { assertNever, type JsonValue } from '../../../kernel/index.js';
import type { AnnotationsDelta, Delta, McpDelta, TextDelta, ToolCallDelta } from '../../../streaming/index.js';
import type { EventSequence } from '../response-events.js';
import { type Citation, readCitation } from './encode-annotation.js';
import { type CallHead, GrowingCall } from './growing-call.js';
import { deriveId, type GrowingItem, type ItemPlace } from './growing-item.js';
import { GrowingMessage } from './growing-message.js';
import { GrowingReasoning } from './growing-reasoning.js';
import { isMcpItem, McpItems } from './mcp-items.js';
import type { OutputItem, Phase } from './output-item.js';

/** Most characters of a call's id; a longer id is replaced. */
const LONGEST_CALL_ID = 64;

/** A call that cannot be announced yet, because its name is unknown. */
interface UnnamedCall {
  readonly node: string;
  readonly kind: 'custom' | undefined;
  readonly id: string | undefined;
  arguments: string;
}

/** Options for the output of one response. */
interface OutputOptions {
  readonly responseId: string;
  /** True if the client may see the step of an item. */
  readonly showsNodes: boolean;
  /** The phase of a step's messages, by its key. */
  readonly phases: ReadonlyMap<string, Phase>;
}

/**
 * The items of one response, one after the other: a delta for another item closes the open one. Calls of one step are
 * open at the same time, because upstreams may interleave their pieces.
 */
export class OutputItems {
  readonly #options: OutputOptions;
  readonly #events: EventSequence;
  readonly #mcp: McpItems;
  readonly #items: GrowingItem[] = [];
  /** The open message or reasoning. */
  #open: GrowingMessage | GrowingReasoning | undefined;
  /** The open calls, by their indexes in the run. */
  readonly #calls = new Map<number, GrowingCall>();
  readonly #unnamed = new Map<number, UnnamedCall>();
  readonly #closedCalls = new Map<number, GrowingCall>();
  /** How often something was declared void. */
  #voids = 0;
  /** Steps cut by a limit. */
  readonly #cut = new Set<string>();
  /** Length of the content of the closed messages, in Unicode code points. */
  #contentLength = 0;
  /** Annotations that came before their text, by step. */
  readonly #citations = new Map<string, Citation[]>();

  constructor(options: OutputOptions, events: EventSequence) {
    this.#options = options;
    this.#events = events;
    this.#mcp = new McpItems(events);
  }

  /** The items with all that has arrived so far. */
  get list(): readonly OutputItem[] {
    return this.#items.map(({ item }) => item);
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** True if an item was cut. */
  get hasCut(): boolean {
    return this.#items.some(({ status, isVoid }) => status === 'incomplete' && !isVoid);
  }

  /** Takes a delta of a step. Images and sound are left out, because no form of them here is safe for clients. */
  add(node: string, delta: Delta): void {
    switch (delta.type) {
      case 'content':
      case 'refusal':
        this.#openMessage(node).add(delta);
        break;
      case 'reasoning':
        this.#think(node, delta);
        break;
      case 'tool-call':
        this.#call(node, delta);
        break;
      case 'annotations':
        this.#cite(node, delta);
        break;
      case 'mcp':
        this.#addMcp(node, delta);
        break;
      case 'images':
      case 'audio':
        break;
      default:
        assertNever(delta);
    }
  }

  /** Adds a whole call that a step, and not a model, makes to the client. */
  ask(node: string, head: Omit<CallHead, 'kind'>, shown: JsonValue): void {
    this.#closeOpen();
    this.#closeCalls(() => true);
    const call = new GrowingCall({ kind: undefined, ...head }, this.#place(node), this.#events);
    this.#items.push(call);
    call.add(JSON.stringify(shown));
    call.close('completed');
  }

  /**
   * Marks a step as done. Output that it buffered for its turn comes later.
   * @param isCut true if a limit has cut its output
   */
  finish(node: string, isCut: boolean): void {
    if (isCut) this.#cut.add(node);
    this.#nameCalls(node);
    if (this.#open?.node === node) this.#closeOpen();
    this.#closeCalls((call) => call.node === node);
    this.#mcp.close(node);
  }

  /**
   * Declares the output of a step void: the step sends it again, in other items. What it repeats about MCP servers
   * stays.
   */
  takeBack(node: string): void {
    this.#voids++;
    if (this.#open?.node === node) this.#open = undefined;
    for (const calls of [this.#calls, this.#unnamed, this.#closedCalls]) {
      for (const [index, call] of calls) if (call.node === node) calls.delete(index);
    }
    this.#mcp.restart(node);
    this.#cut.delete(node);
    this.#citations.delete(node);
    for (const item of this.#items) {
      if (item.node !== node || item.isVoid || isMcpItem(item)) continue;
      item.takeBack();
      if (item instanceof GrowingMessage) this.#contentLength = Math.min(this.#contentLength, item.contentEnd);
    }
  }

  /**
   * Ends the output.
   * @param isWhole false if the open item was cut
   */
  end(isWhole: boolean): void {
    if (isWhole) this.#nameCalls();
    this.#closeOpen(isWhole);
    this.#closeCalls(() => true, isWhole);
    this.#mcp.close();
  }

  #addMcp(node: string, delta: McpDelta): void {
    const item = this.#mcp.add(node, delta, () => {
      this.#closeOpen();
      this.#closeCalls(() => true);
      return this.#place(node);
    });
    if (item !== undefined) this.#items.push(item);
  }

  #openMessage(node: string): GrowingMessage {
    const open = this.#open;
    if (open instanceof GrowingMessage && open.node === node) return open;
    this.#makeRoom(node);
    const message = new GrowingMessage(
      this.#contentLength,
      this.#options.phases.get(node),
      this.#place(node),
      this.#events,
    );
    this.#items.push(message);
    this.#open = message;
    return message;
  }

  #think(node: string, { text }: TextDelta): void {
    let open = this.#open;
    if (!(open instanceof GrowingReasoning) || open.node !== node) {
      this.#makeRoom(node);
      open = new GrowingReasoning(this.#place(node), this.#events);
      this.#items.push(open);
      this.#open = open;
    }
    open.add(text);
  }

  #call(node: string, { index, id, kind, name, arguments: piece }: ToolCallDelta): void {
    const call = this.#calls.get(index);
    if (call !== undefined) {
      call.add(piece);
      return;
    }
    // The call was complete: only trailing space follows.
    if (this.#closedCalls.has(index)) return;
    const waiting = this.#unnamed.get(index);
    if (name === undefined) {
      if (waiting !== undefined) waiting.arguments += piece;
      else this.#unnamed.set(index, { node, kind, id, arguments: piece });
      return;
    }
    this.#unnamed.delete(index);
    this.#openCall(index, { node, kind, id, arguments: '', ...waiting }, name).add(piece);
  }

  #openCall(index: number, { node, kind, id, arguments: before }: UnnamedCall, name: string): GrowingCall {
    this.#closeOpen();
    this.#closeCalls((call) => call.node !== node);
    const isUsable = id !== undefined && id !== '' && id.length <= LONGEST_CALL_ID;
    const callId = isUsable ? id : deriveId('call', this.#options.responseId, this.#nameCall(index));
    const call = new GrowingCall({ kind, callId, name }, this.#place(node), this.#events);
    this.#items.push(call);
    this.#calls.set(index, call);
    call.add(before);
    return call;
  }

  /** A repeated call has the number of the void one. */
  #nameCall(index: number): string {
    return this.#voids === 0 ? `call ${index}` : `call ${index} ${this.#voids}`;
  }

  /** A call that still has no name will never get one. */
  #nameCalls(node?: string): void {
    for (const [index, call] of this.#unnamed) {
      if (node !== undefined && call.node !== node) continue;
      this.#unnamed.delete(index);
      this.#openCall(index, call, '');
    }
  }

  #cite(node: string, { annotations }: AnnotationsDelta): void {
    for (const annotation of annotations) {
      const citation = readCitation(annotation);
      if (citation === undefined || this.#annotate(node, citation)) continue;
      const early = this.#citations.get(node);
      if (early === undefined) this.#citations.set(node, [citation]);
      else early.push(citation);
    }
  }

  /** Adds a citation to the text that it refers to. A closed text shows it at the end of the response. */
  #annotate(node: string, { place, make }: Citation): boolean {
    const messages = this.#items.filter(
      (item): item is GrowingMessage => item instanceof GrowingMessage && item.node === node,
    );
    const message = messages.findLast(({ start }) => start !== undefined && start <= place) ?? messages[0];
    return message?.annotate(place, make) ?? false;
  }

  #makeRoom(node: string): void {
    this.#closeOpen();
    this.#closeCalls((call) => call.node !== node || call.isWhole);
  }

  #closeOpen(isWhole = true): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    if (open instanceof GrowingMessage) this.#takeCitations(open.node);
    open.close(this.#chooseStatus(open, isWhole));
    if (open instanceof GrowingMessage) this.#contentLength = open.contentEnd;
  }

  #takeCitations(node: string): void {
    const early = this.#citations.get(node);
    if (early === undefined) return;
    this.#citations.delete(node);
    for (const citation of early) this.#annotate(node, citation);
  }

  #closeCalls(isDone: (call: GrowingCall) => boolean, isWhole = true): void {
    if (this.#calls.size === 0) return;
    for (const [index, call] of this.#calls) {
      if (!isDone(call)) continue;
      this.#calls.delete(index);
      this.#closedCalls.set(index, call);
      call.close(this.#chooseStatus(call, isWhole));
    }
  }

  #chooseStatus({ node }: GrowingItem, isWhole: boolean): 'completed' | 'incomplete' {
    return isWhole && !this.#cut.has(node) ? 'completed' : 'incomplete';
  }

  #place(node: string): ItemPlace {
    const { responseId, showsNodes } = this.#options;
    return { responseId, index: this.#items.length, node, showsNode: showsNodes };
  }
}
