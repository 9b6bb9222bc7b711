import { sha256 } from '../../../kernel/index.js';
import type { EventSequence } from '../response-events.js';
import type { ItemStatus, MessageItem, OutputItem } from './output-item.js';

/**
 * Number of hex digits of ids. Like the id of their response, they must not be guessable: they give access to content.
 */
const ID_DIGITS = 48;

/** The place of an item. */
export interface ItemPlace {
  readonly responseId: string;
  /** In the output, counted from 0. */
  readonly index: number;
  /** Key of its step. */
  readonly node: string;
  /** True if the client may see the step. */
  readonly showsNode: boolean;
}

/**
 * An id that is the same in each replay of a response.
 * @param place the named part of the response
 */
export function deriveId(prefix: string, responseId: string, place: string | number): string {
  return `${prefix}_${sha256(`${responseId} ${place}`).slice(0, ID_DIGITS)}`;
}

/**
 * An item of a response from its first delta to its end. It is announced when it is made and closed once; nothing reopens it.
 */
export abstract class GrowingItem {
  readonly id: string;
  readonly index: number;
  readonly node: string;
  protected readonly events: EventSequence;
  /** The step for the client, as JSON after other fields. */
  protected readonly nodeFields: string;
  readonly #showsNode: boolean;
  #status: ItemStatus = 'in_progress';
  #isVoid = false;

  protected constructor(prefix: string, place: ItemPlace, events: EventSequence) {
    const { responseId, index, node, showsNode } = place;
    this.id = deriveId(prefix, responseId, index);
    this.index = index;
    this.node = node;
    this.events = events;
    this.#showsNode = showsNode;
    this.nodeFields = showsNode ? `,"millrace":${JSON.stringify({ node })}` : '';
  }

  get status(): ItemStatus {
    return this.#status;
  }

  /** The item with all that has arrived so far. */
  abstract get item(): OutputItem;

  /** Emits the events of its end. Has no effect on a closed item. */
  close(status: 'completed' | 'incomplete'): void {
    if (this.#status !== 'in_progress') return;
    this.closeParts(status);
    this.#status = status;
    this.#tell('response.output_item.done');
  }

  /** True once its content is void. */
  get isVoid(): boolean {
    return this.#isVoid;
  }

  /** Declares its content void: only its place and its id stay. If it is open, it ends. */
  takeBack(): void {
    if (this.#isVoid) return;
    const isOpen = this.#status === 'in_progress';
    if (isOpen) this.closeParts('incomplete');
    this.clear();
    this.#isVoid = true;
    this.#status = 'incomplete';
    if (isOpen) this.#tell('response.output_item.done');
  }

  protected announce(): void {
    this.#tell('response.output_item.added');
  }

  /**
   * Closes its parts.
   * @param status its final status
   */
  protected abstract closeParts(status: 'completed' | 'incomplete'): void;

  /** Removes its content. */
  protected abstract clear(): void;

  /** The fields that all items have. */
  protected get base(): Pick<MessageItem, 'id' | 'status' | 'millrace'> {
    const { id, status, node } = this;
    return this.#showsNode ? { id, status, millrace: { node } } : { id, status };
  }

  /** The same without a status, for items that have none. */
  protected get named(): Pick<MessageItem, 'id' | 'millrace'> {
    const { status: _, ...named } = this.base;
    return named;
  }

  /** Its identification in the events of its parts, as JSON after other fields. */
  protected get placeFields(): string {
    return `,"item_id":"${this.id}","output_index":${this.index}`;
  }

  #tell(type: 'response.output_item.added' | 'response.output_item.done'): void {
    this.events.add(type, `,"output_index":${this.index},"item":${JSON.stringify(this.item)}${this.nodeFields}`);
  }
}
