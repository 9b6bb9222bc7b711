import type { EventSequence } from '../response-events.js';
import { GrowingItem, type ItemPlace } from './growing-item.js';
import type { McpCallHead } from './growing-mcp-call.js';
import type { McpApprovalItem } from './output-item.js';

/** A call that is made only if the client approves it. It is whole from the beginning. */
export class GrowingMcpApproval extends GrowingItem {
  readonly head: McpCallHead;

  constructor(head: McpCallHead, place: ItemPlace, events: EventSequence) {
    super('mcpr', place, events);
    this.head = head;
    this.announce();
    this.close('completed');
  }

  override get item(): McpApprovalItem {
    const { server, name, arguments: args } = this.head;
    return { ...this.named, type: 'mcp_approval_request', server_label: server, name, arguments: args };
  }

  protected override clear(): void {
    // The client may have shown it: what is approved must be what was shown.
  }

  protected override closeParts(): void {
    // An approval has no parts.
  }
}
