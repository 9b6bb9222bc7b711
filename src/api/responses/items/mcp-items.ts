import { assertNever } from '../../../kernel/index.js';
import type { McpDelta } from '../../../streaming/index.js';
import type { EventSequence } from '../response-events.js';
import type { GrowingItem, ItemPlace } from './growing-item.js';
import { GrowingMcpApproval } from './growing-mcp-approval.js';
import { GrowingMcpCall, isSameCall, type McpCallHead } from './growing-mcp-call.js';
import { GrowingMcpList } from './growing-mcp-list.js';

type McpItem = GrowingMcpList | GrowingMcpCall | GrowingMcpApproval;

/**
 * The items about MCP servers in one response. Several are open at once, since servers are asked side by side.
 *
 * A step that begins again after a restart lists tools and makes calls again. An item that it repeats stays as it is,
 * so clients see one list of a server and one call. A call that it does not repeat is void. Lists and requests for
 * approval never are: the server had these tools, and a user can still decide about a call that was shown.
 */
export class McpItems {
  readonly #events: EventSequence;
  readonly #items: McpItem[] = [];
  /** The lists that are awaited by their servers, and the calls under way by their ids. */
  readonly #lists = new Map<string, GrowingMcpList>();
  readonly #calls = new Map<string, GrowingMcpCall>();
  /** Items of steps that began again and have not repeated them yet. */
  readonly #unrepeated = new Set<GrowingMcpCall | GrowingMcpApproval>();

  constructor(events: EventSequence) {
    this.#events = events;
  }

  /**
   * @param place makes the place of a new item
   * @returns the new item, if the delta makes one
   */
  add(node: string, delta: McpDelta, place: () => ItemPlace): McpItem | undefined {
    switch (delta.step) {
      case 'listing': {
        // Each server is asked once in a run, by any step. It is asked again only after a restart.
        const known = this.#items.findLast(
          (item): item is GrowingMcpList => item instanceof GrowingMcpList && item.server === delta.server,
        );
        const list = known ?? this.#keep(new GrowingMcpList(delta.server, place(), this.#events));
        this.#lists.set(delta.server, list);
        return known === undefined ? list : undefined;
      }
      case 'listed':
        return this.#endList(delta, place);
      case 'calling': {
        const known = this.#findUnrepeated(GrowingMcpCall, node, delta);
        const call = known ?? this.#keep(new GrowingMcpCall(delta, place(), this.#events));
        this.#calls.set(delta.call, call);
        return known === undefined ? call : undefined;
      }
      case 'called':
        return this.#endCall(delta, place);
      case 'asking': {
        const known = this.#findUnrepeated(GrowingMcpApproval, node, delta);
        if (known === undefined) return this.#keep(new GrowingMcpApproval(delta, place(), this.#events));
        this.#unrepeated.delete(known);
        return undefined;
      }
      default:
        return assertNever(delta);
    }
  }

  /**
   * Closes the open items.
   * @param node of this step alone; undefined: of all
   */
  close(node?: string): void {
    for (const items of [this.#lists, this.#calls]) {
      for (const [key, item] of items) {
        if (node !== undefined && item.node !== node) continue;
        items.delete(key);
        item.close('incomplete');
        if (item instanceof GrowingMcpCall) this.#unrepeated.delete(item);
      }
    }
    for (const item of this.#unrepeated) {
      if (node !== undefined && item.node !== node) continue;
      this.#unrepeated.delete(item);
      if (item instanceof GrowingMcpCall) item.takeBack();
    }
  }

  /** Notes that a step begins again: it may repeat its items. */
  restart(node: string): void {
    for (const [id, call] of this.#calls) if (call.node === node) this.#calls.delete(id);
    for (const item of this.#items) {
      if (item.node === node && !item.isVoid && !(item instanceof GrowingMcpList)) this.#unrepeated.add(item);
    }
  }

  #endList(
    { server, tools, error }: Extract<McpDelta, { step: 'listed' }>,
    place: () => ItemPlace,
  ): GrowingMcpList | undefined {
    const list = this.#lists.get(server);
    if (list === undefined) return undefined;
    this.#lists.delete(server);
    const isOpen = list.status === 'in_progress';
    if (!isOpen && !list.hasEndedWith(tools, error)) {
      const changed = this.#keep(new GrowingMcpList(server, place(), this.#events));
      changed.end(tools, error);
      return changed;
    }
    if (isOpen) list.end(tools, error);
    return undefined;
  }

  #endCall(
    { call: id, output, error }: Extract<McpDelta, { step: 'called' }>,
    place: () => ItemPlace,
  ): GrowingMcpCall | undefined {
    const call = this.#calls.get(id);
    if (call === undefined) return undefined;
    this.#calls.delete(id);
    const isOpen = call.status === 'in_progress';
    if (!isOpen && !call.hasEndedWith(output, error)) {
      const changed = this.#keep(new GrowingMcpCall(call.head, place(), this.#events));
      changed.end(output, error);
      return changed;
    }
    this.#unrepeated.delete(call);
    if (isOpen) call.end(output, error);
    return undefined;
  }

  /** The item of the same call that no call under way repeats. */
  #findUnrepeated<Item extends GrowingMcpCall | GrowingMcpApproval>(
    kind: abstract new (...parts: never[]) => Item,
    node: string,
    head: McpCallHead,
  ): Item | undefined {
    const underWay = new Set<GrowingItem>(this.#calls.values());
    for (const item of this.#unrepeated) {
      if (item instanceof kind && item.node === node && isSameCall(item.head, head) && !underWay.has(item)) return item;
    }
    return undefined;
  }

  #keep<Item extends McpItem>(item: Item): Item {
    this.#items.push(item);
    return item;
  }
}

/** Whether an item is about an MCP server. */
export function isMcpItem(item: GrowingItem): item is McpItem {
  return item instanceof GrowingMcpList || item instanceof GrowingMcpCall || item instanceof GrowingMcpApproval;
}
