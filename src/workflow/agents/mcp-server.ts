import type { HttpMcpServer, McpServerPlace, ProgramMcpServer } from '../../config/index.js';

/** An MCP server whose tools an agent has. Make it with {@link mcpServer}. */
export class McpServer {
  /**
   * @param name for logs, and a prefix for a tool whose own name another tool has
   * @param place undefined: the configuration (`MCP_SERVERS`) says where it is
   * @param tools names of the tools that the agent has of it; undefined: all that the place allows
   */
  constructor(
    readonly name: string,
    readonly place: McpServerPlace | undefined,
    readonly tools: readonly string[] | undefined,
  ) {}
}

/** An MCP server with its name. */
export type NamedMcpServer = { readonly name: string } & (HttpMcpServer | ProgramMcpServer);

/** Which tools of a server an agent has. */
export interface McpToolChoice {
  /** Their names; absent: all that the server lists, or that its configuration allows. */
  readonly tools?: readonly string[];
}

/**
 * Gives an agent the tools of an MCP server: `agent({ tools: [mcpServer('docs')] })`. All runs share one connection, which is opened when it
 * is first needed.
 * @param server its name in `MCP_SERVERS`, or where it is
 */
export function mcpServer(server: string | NamedMcpServer, { tools }: McpToolChoice = {}): McpServer {
  if (typeof server === 'string') return new McpServer(server, undefined, tools);
  const { name, ...place } = server;
  return new McpServer(name, place, tools);
}
