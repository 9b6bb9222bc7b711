import { assertNever } from '../../../kernel/index.js';
import type { McpDelta } from '../../../streaming/index.js';
import type { EventSequence } from '../response-events.js';
import type { GrowingItem, ItemPlace } from './growing-item.js';
import { GrowingMcpApproval } from './growing-mcp-approval.js';
import { GrowingMcpCall } from './growing-mcp-call.js';
import { GrowingMcpList } from './growing-mcp-list.js';

/** The items about MCP servers of one response that are open: several at once, since servers are asked side by side. */
export class McpItems {
  readonly #events: EventSequence;
  readonly #lists = new Map<string, GrowingMcpList>();
  readonly #calls = new Map<string, GrowingMcpCall>();

  constructor(events: EventSequence) {
    this.#events = events;
  }

  /**
   * @param place makes the place of a new item
   * @returns the new item, if the delta begins one
   */
  add(delta: McpDelta, place: () => ItemPlace): GrowingItem | undefined {
    switch (delta.step) {
      case 'listing':
        return keep(this.#lists, delta.server, new GrowingMcpList(delta.server, place(), this.#events));
      case 'listed':
        this.#lists.get(delta.server)?.end(delta.tools, delta.error);
        this.#lists.delete(delta.server);
        return undefined;
      case 'calling':
        return keep(this.#calls, delta.call, new GrowingMcpCall(delta, place(), this.#events));
      case 'called':
        this.#calls.get(delta.call)?.end(delta.output, delta.error);
        this.#calls.delete(delta.call);
        return undefined;
      case 'asking':
        return new GrowingMcpApproval(delta, place(), this.#events);
      default:
        return assertNever(delta);
    }
  }

  /** Closes the open items. @param node of this step alone; undefined: of all */
  close(node?: string): void {
    for (const items of [this.#lists, this.#calls]) {
      for (const [key, item] of items) {
        if (node !== undefined && item.node !== node) continue;
        items.delete(key);
        item.close('incomplete');
      }
    }
  }

  /** Forgets the open items of a step, which begins again: they are void. */
  forget(node: string): void {
    for (const items of [this.#lists, this.#calls]) {
      for (const [key, item] of items) if (item.node === node) items.delete(key);
    }
  }
}

function keep<Item extends GrowingItem>(items: Map<string, Item>, key: string, item: Item): Item {
  items.set(key, item);
  return item;
}
