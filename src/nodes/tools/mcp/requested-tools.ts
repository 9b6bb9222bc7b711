import { toUSVString } from 'node:util';
import type { Tool } from '@modelcontextprotocol/client';
import { type Clock, isError, isJsonObject, type JsonObject } from '../../../kernel/index.js';
import type { McpDelta, OpaqueObject } from '../../../streaming/index.js';
import {
  type McpToolFilter,
  type RequestedMcp,
  type RequestedMcpServer,
  type TaskContext,
  ToolError,
} from '../../../workflow/index.js';
import type { ListedTool } from '../toolbox.js';
import { findPlainFault } from './find-plain-fault.js';
import { type GuardedFetch, makeGuardedFetch } from './guarded-fetch.js';
import type { HostPolicy } from './host-policy.js';
import { CALL_MS, McpConnection } from './mcp-connection.js';
import {
  chooseName,
  LONGEST_DESCRIPTION,
  LONGEST_SCHEMA,
  McpToolError,
  readArguments,
  readResult,
} from './mcp-tool.js';
import { makePlainJson } from './plain-json.js';

/** Most tools that the servers of a request may give an agent together. */
const MOST_TOOLS = 128;
/** Deepest schema of a tool. */
const DEEPEST_SCHEMA = 64;

/** The outcome of asking a server for its tools. */
interface Listing {
  /** The usable tools, as clients see them. */
  readonly tools: readonly OpaqueObject[];
  /** Why there are none; undefined: the server has listed them. */
  readonly error?: string;
}

/** A connection, and the sockets that it uses. */
interface OpenServer {
  readonly connection: McpConnection;
  readonly close: GuardedFetch['close'];
}

/** Called with each delta for clients. */
export type TellMcp = (delta: McpDelta) => void;

/**
 * The tools of the MCP servers that one request names, for all agents of its run. Its connections have the credentials of that request, so
 * no other run uses them: they are opened when they are needed, and closed when no agent is at work.
 */
export class RequestedTools {
  readonly #requested: RequestedMcp;
  readonly #policy: HostPolicy;
  readonly #clock: Clock;
  readonly #open = new Map<string, OpenServer>();
  readonly #listings = new Map<string, Promise<Listing>>();
  /** Results of the approved calls, by the ids of their approvals; undefined: no agent has made them yet. */
  #approved: Promise<ReadonlyMap<string, string>> | undefined;
  /** Output schemas of tools, by their servers and names. */
  readonly #outputs = new Map<string, JsonObject>();
  #users = 0;
  #calls = 0;

  constructor(requested: RequestedMcp, policy: HostPolicy, clock: Clock) {
    this.#requested = requested;
    this.#policy = policy;
    this.#clock = clock;
  }

  get approved(): RequestedMcp['approved'] {
    return this.#requested.approved;
  }

  /** Notes that an agent uses the tools. */
  hold(): void {
    this.#users++;
  }

  /** Ends the use by one agent; the last one closes the connections. */
  release(): void {
    this.#users--;
    if (this.#users > 0) return;
    const open = [...this.#open.values()];
    this.#open.clear();
    // Not awaited: the run has what it needs.
    for (const { connection, close } of open) void connection.end().then(close, close);
  }

  /**
   * The tools that an agent is given. Each server is asked once in a run, and clients see that once.
   * @param taken names that other tools of the agent have
   * @param canAsk false for an agent whose requests for approval no client would see: it has no tools that need one
   */
  async listTools(
    taken: readonly string[],
    canAsk: boolean,
    { log }: TaskContext,
    tell: TellMcp,
  ): Promise<ListedTool[]> {
    const { servers, only } = this.#requested;
    const lists = await Promise.all(
      servers.map(async (server) => {
        const listing = await this.#list(server, tell);
        if (listing.error !== undefined) {
          log.write('log', 'has an MCP server of its client that cannot be asked for its tools', {
            server: server.label,
          });
        }
        return listing.tools;
      }),
    );
    const names = new Set(taken);
    const made: ListedTool[] = [];
    for (const [index, tools] of lists.entries()) {
      const server = servers[index] as RequestedMcpServer;
      for (const tool of tools) {
        const listed = readText(tool['name']);
        const isMeant =
          only?.some((one) => one.server === server.label && (one.name === undefined || one.name === listed)) ?? true;
        const needsApproval = isApprovalNeeded(server, tool);
        if (!isMeant || (needsApproval && !canAsk) || made.length === MOST_TOOLS) continue;
        const name = chooseName(listed, server.label, names);
        names.add(name);
        made.push({
          ...this.#makeTool(server, tool),
          name,
          remote: { server: server.label, name: listed, needsApproval },
        });
      }
    }
    return made;
  }

  /**
   * Makes the calls that the client has approved, once in a run.
   * @param make makes them all, and gives their results
   */
  makeApproved(make: () => Promise<readonly string[]>): Promise<ReadonlyMap<string, string>> {
    this.#approved ??= make().then(
      (results) => new Map(this.approved.map(({ callId }, index) => [callId, results[index] ?? ''])),
    );
    return this.#approved;
  }

  #list(server: RequestedMcpServer, tell: TellMcp): Promise<Listing> {
    const { label, tools } = server;
    let listing = this.#listings.get(label);
    if (listing === undefined) {
      listing =
        tools === undefined ? this.#ask(server, tell) : Promise.resolve(filterTools(tools.map(readTool), server));
      this.#listings.set(label, listing);
    }
    return listing;
  }

  async #ask(server: RequestedMcpServer, tell: TellMcp): Promise<Listing> {
    tell({ type: 'mcp', step: 'listing', server: server.label });
    const listing = await this.#connect(server)
      .listTools()
      .then(
        (tools) => {
          for (const { name, outputSchema } of tools) {
            if (isJsonObject(outputSchema)) this.#outputs.set(`${server.label} ${name}`, outputSchema);
          }
          return filterTools(tools.map(readTool), server);
        },
        (thrown: unknown) => {
          if (!isError(thrown) || !(thrown instanceof ToolError)) throw thrown;
          return { tools: [], error: thrown.message };
        },
      );
    tell({ type: 'mcp', step: 'listed', server: server.label, ...listing });
    return listing;
  }

  #connect({ label, url, headers }: RequestedMcpServer): McpConnection {
    let open = this.#open.get(label);
    if (open === undefined) {
      const { fetch: ask, close } = makeGuardedFetch(this.#policy);
      const place = { url, ...(headers !== undefined && { headers: headers.reveal() }) };
      open = { connection: new McpConnection(label, place, this.#clock, { ask, isTrusted: false }), close };
      this.#open.set(label, open);
    }
    return open.connection;
  }

  #makeTool(server: RequestedMcpServer, listed: OpaqueObject): Omit<ListedTool, 'name'> {
    const name = readText(listed['name']);
    const parameters = listed['input_schema'] as JsonObject;
    const words = [readText(listed['description']), server.description ?? ''].filter((text) => text !== '');
    return {
      parameters,
      tool: {
        name,
        description: words.join('\n\n'),
        argsType: undefined,
        timeout: CALL_MS,
        execute: async (args: object | void, { signal }: TaskContext): Promise<string> => {
          const { maxCalls = Number.POSITIVE_INFINITY } = this.#requested;
          if (this.#calls++ >= maxCalls)
            throw new ToolError(`no more than ${maxCalls} calls are made for this request.`);
          const result = await this.#connect(server).call(name, { ...args }, signal);
          const promised = this.#outputs.get(`${server.label} ${name}`);
          const { structuredContent: given, isError: hasFailed } = result;
          if (
            promised !== undefined &&
            hasFailed !== true &&
            findPlainFault(promised, isJsonObject(given) ? given : {})
          ) {
            throw new ToolError(`the MCP server "${server.label}" returned what does not fit its own schema.`);
          }
          return toUSVString(readResult(result, server.label));
        },
      },
      parse: (text) => {
        const args = readArguments(text);
        const fault = findPlainFault(parameters, args);
        return fault === undefined
          ? Promise.resolve(args)
          : Promise.reject(new ToolError(`the arguments do not fit.\n- ${fault}`));
      },
    };
  }
}

function readText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Whether a failure is reported in the words of the tool. */
export function isReportedByTool(error: Error): boolean {
  return error instanceof McpToolError;
}

/** A tool as a server or a client has listed it; undefined if it cannot be used. */
function readTool(listed: Tool | OpaqueObject): OpaqueObject | undefined {
  const { name, description, annotations } = listed as Readonly<Record<string, unknown>>;
  const schema = 'inputSchema' in listed ? listed.inputSchema : listed['input_schema'];
  if (typeof name !== 'string' || name === '' || name.length > LONGEST_NAME) return undefined;
  if (!isJsonObject(schema) || schema['type'] !== 'object') return undefined;
  const tool = makePlainJson(
    {
      name,
      ...(typeof description === 'string' && { description: description.slice(0, LONGEST_DESCRIPTION) }),
      input_schema: schema,
      ...(isJsonObject(annotations) && { annotations }),
    },
    DEEPEST_SCHEMA,
  );
  return tool === undefined || JSON.stringify(tool).length > LONGEST_SCHEMA ? undefined : (tool as OpaqueObject);
}

const LONGEST_NAME = 256;

/** The tools of a list that the client allows. */
function filterTools(
  tools: readonly (OpaqueObject | undefined)[],
  { label, allowed = {} }: RequestedMcpServer,
): Listing {
  const chosen = tools.filter((tool) => tool !== undefined).filter((tool) => isMeant(tool, allowed));
  if (chosen.length <= MOST_TOOLS) return { tools: chosen };
  const error = `the MCP server "${label}" has ${chosen.length} tools; at most ${MOST_TOOLS} are accepted. Name those that are needed in allowed_tools.`;
  return { tools: [], error };
}

/** Tools in neither list need an approval. */
function isApprovalNeeded({ approval: { always = [], never = [] } }: RequestedMcpServer, tool: OpaqueObject): boolean {
  return always.some((filter) => isMeant(tool, filter)) || !never.some((filter) => isMeant(tool, filter));
}

function isMeant({ name, annotations }: OpaqueObject, { names, isReadOnly }: McpToolFilter): boolean {
  if (names !== undefined && !names.includes(readText(name))) return false;
  return isReadOnly === undefined || isReadOnly === (isJsonObject(annotations) && annotations['readOnlyHint'] === true);
}
