import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { AppConfig, findMcpServerFault } from '../../../config/index.js';
import { Clock, isError } from '../../../kernel/index.js';
import { type McpServer, type RequestedMcp, type TaskContext, ToolError } from '../../../workflow/index.js';
import type { ListedTool } from '../toolbox.js';
import { HostPolicy } from './host-policy.js';
import { McpConnection } from './mcp-connection.js';
import { chooseName, makeMcpTool, type ToolParts } from './mcp-tool.js';
import { RequestedTools } from './requested-tools.js';

/** Most tools of one server that an agent is given. */
const MOST_TOOLS = 128;

/** A server of an agent, checked. */
export interface FoundServer {
  readonly connection: McpConnection;
  /** Names of the tools that the agent uses of it; undefined: all that its place allows. */
  readonly chosen: readonly string[] | undefined;
}

/** The MCP servers whose tools agents have: one connection for each place, however many agents and runs use it. */
@Injectable()
export class McpServers implements OnApplicationShutdown {
  readonly #connections = new Map<string, McpConnection>();
  /** The tools made from the last list of a connection. */
  readonly #made = new WeakMap<object, Promise<readonly MadeTool[]>>();

  readonly #policy: HostPolicy;
  readonly #requested = new WeakMap<RequestedMcp, RequestedTools>();

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {
    this.#policy = new HostPolicy(config.mcp.allowedHosts);
  }

  /** Whether requests may name a server at this address. */
  mayRequest(url: URL): boolean {
    return this.#policy.allows(url);
  }

  /** The tools of the servers that a request names: the same for all agents of its run. */
  openRequested(requested: RequestedMcp): RequestedTools {
    let tools = this.#requested.get(requested);
    if (tools === undefined) {
      tools = new RequestedTools(requested, this.#policy, this.clock);
      this.#requested.set(requested, tools);
    }
    return tools;
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(Array.from(this.#connections.values(), (connection) => connection.close()));
  }

  /**
   * Finds a server of an agent. Nothing is connected.
   * @throws Error that says what is wrong with it
   */
  find({ name, place, tools }: McpServer): FoundServer {
    const found = place ?? this.config.mcp.servers?.[name];
    if (found === undefined) {
      const known = Object.keys(this.config.mcp.servers ?? {}).map((one) => `"${one}"`);
      throw new Error(
        `it has tools of the MCP server "${name}", and MCP_SERVERS does not name it${known.length === 0 ? '' : ` (it names ${known.join(', ')})`}. Add it there, or give its address: mcpServer({ name, url }).`,
      );
    }
    const fault = findMcpServerFault(name, found);
    if (fault !== undefined) throw new Error(`its MCP server ${fault}.`);
    const key = JSON.stringify([name, found]);
    let connection = this.#connections.get(key);
    if (connection === undefined) {
      connection = new McpConnection(name, found, this.clock);
      this.#connections.set(key, connection);
    }
    return { connection, chosen: tools };
  }

  /**
   * The tools of servers, as they list them now. A server that cannot be reached has none, and the agent continues with
   * the others.
   * @param taken names that other tools of the agent have
   */
  async listTools(
    servers: readonly FoundServer[],
    taken: readonly string[],
    { log }: Pick<TaskContext, 'log'>,
  ): Promise<readonly ListedTool[]> {
    const lists = await Promise.all(
      servers.map(async ({ connection, chosen }) => {
        try {
          const made = await this.#list(connection);
          const tools = made.filter(({ listed }) => isAllowed(listed, connection.allowed) && isAllowed(listed, chosen));
          for (const { listed, made: one } of tools) {
            if (typeof one === 'string')
              log.write('warn', `has an MCP server with a tool that cannot be used: ${one}`, {
                server: connection.name,
                tool: listed,
              });
          }
          return tools.slice(0, MOST_TOOLS);
        } catch (error) {
          if (!isError(error) || !(error instanceof ToolError)) throw error;
          log.write('warn', 'has an MCP server whose tools cannot be listed', { server: connection.name });
          return [];
        }
      }),
    );
    const names = new Set(taken);
    return lists.flatMap((tools, index) =>
      tools.flatMap(({ listed, made }) => {
        if (typeof made === 'string') return [];
        const name = chooseName(listed, servers[index]?.connection.name ?? '', names);
        names.add(name);
        return [{ ...made, name }];
      }),
    );
  }

  async #list(connection: McpConnection): Promise<readonly MadeTool[]> {
    const listed = await connection.listTools();
    let made = this.#made.get(listed);
    if (made === undefined) {
      made = Promise.all(
        listed.map(async (tool) => ({ listed: tool.name, made: await makeMcpTool(connection, tool) })),
      );
      this.#made.set(listed, made);
    }
    return made;
  }
}

interface MadeTool {
  /** Its name on the server. */
  readonly listed: string;
  /** The tool, or why it cannot be used. */
  readonly made: ToolParts | string;
}

function isAllowed(name: string, allowed: readonly string[] | undefined): boolean {
  return allowed === undefined || allowed.includes(name);
}
