import type { EventSequence } from '../response-events.js';
import { GrowingItem, type ItemPlace } from './growing-item.js';
import type { McpCallHead } from './growing-mcp-call.js';
import type { McpApprovalItem } from './output-item.js';

/** A call that is made only if the client approves it. It is whole from the beginning. */
export class GrowingMcpApproval extends GrowingItem {
  readonly #head: McpCallHead;
  #arguments: string;

  constructor(head: McpCallHead, place: ItemPlace, events: EventSequence) {
    super('mcpr', place, events);
    this.#head = head;
    this.#arguments = head.arguments;
    this.announce();
    this.close('completed');
  }

  override get item(): McpApprovalItem {
    const { server, name } = this.#head;
    return { ...this.named, type: 'mcp_approval_request', server_label: server, name, arguments: this.#arguments };
  }

  /** A call without arguments cannot be approved. */
  protected override clear(): void {
    this.#arguments = '';
  }

  protected override closeParts(): void {
    // An approval has no parts.
  }
}
