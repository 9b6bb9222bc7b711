import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../../kernel/index.js';
import type { EventSequence } from '../response-events.js';
import { GrowingItem, type ItemPlace } from './growing-item.js';
import type { McpListItem } from './output-item.js';

/** An MCP server that is asked for its tools. */
export class GrowingMcpList extends GrowingItem {
  readonly server: string;
  #tools: readonly JsonObject[] = [];
  #error: string | undefined;

  constructor(server: string, place: ItemPlace, events: EventSequence) {
    super('mcpl', place, events);
    this.server = server;
    this.announce();
    events.add('response.mcp_list_tools.in_progress', this.placeFields);
  }

  override get item(): McpListItem {
    const list = { ...this.named, type: 'mcp_list_tools', server_label: this.server, tools: this.#tools } as const;
    return this.#error === undefined ? list : { ...list, error: this.#error };
  }

  end(tools: readonly JsonObject[], error: string | undefined): void {
    this.#tools = tools;
    this.#error = error;
    this.close('completed');
  }

  /** Whether it has ended in this way. */
  hasEndedWith(tools: readonly JsonObject[], error: string | undefined): boolean {
    return this.#error === error && isDeepStrictEqual(this.#tools, tools);
  }

  protected override clear(): void {
    // It is never void: the server had these tools.
  }

  protected override closeParts(status: 'completed' | 'incomplete'): void {
    if (status === 'incomplete') this.#error ??= 'The run ended before the server had listed its tools.';
    const ending = this.#error === undefined ? 'completed' : 'failed';
    this.events.add(`response.mcp_list_tools.${ending}`, this.placeFields);
  }
}
