import { InvalidRequestError } from '../../../errors/index.js';
import { isPresent, type JsonObject } from '../../../kernel/index.js';
import type { OpaqueObject } from '../../../streaming/index.js';
import {
  type ApprovedMcpCall,
  HiddenHeaders,
  type McpToolFilter,
  type RequestedMcp,
  type RequestedMcpServer,
} from '../../../workflow/index.js';
import type { McpFilter, ResponseMcpTool, ResponseRequest, ResponseTool } from '../dto/index.js';
import { findKind } from '../items/input-kinds.js';

/** What decides which servers a request may name. */
interface McpRules {
  /** Whether the operator lets requests name a server there. */
  readonly mayRequest: (url: URL) => boolean;
  /** True if the workflow hands tools on to its models. */
  readonly isTaken: boolean;
  /** True if the run may continue in another process, which has no credentials. */
  readonly isLogged: boolean;
}

/** Whether a tool is an MCP server. */
export function isMcp(tool: ResponseTool): tool is ResponseMcpTool {
  return tool.type === 'mcp';
}

/**
 * The MCP servers that a request names.
 * @param items of the whole conversation: servers whose tools it lists are not asked for them again
 * @param approved calls that are made before a model is asked
 * @returns undefined if there are none, or the workflow takes no tools
 * @throws InvalidRequestError if one may not be asked, or a call is approved whose server is not named
 */
export function makeRequestedMcp(
  { tools, tool_choice: choice, max_tool_calls: maxCalls }: ResponseRequest,
  items: readonly JsonObject[],
  approved: readonly ApprovedMcpCall[],
  { mayRequest, isTaken, isLogged }: McpRules,
): RequestedMcp | undefined {
  const known = isTaken ? listKnown(items) : NO_TOOLS;
  const servers = (isTaken ? (tools ?? []) : []).flatMap((tool, index) => {
    if (!isMcp(tool)) return [];
    assertAllowed(tool, `tools[${index}]`, mayRequest);
    if (isLogged) assertKeepable(tool, `tools[${index}]`);
    return [makeRequestedServer(tool, known.get(tool.server_label))];
  });
  const lost = approved.find(({ server }) => !servers.some(({ label }) => label === server));
  if (lost !== undefined) throw makeLostServerError(lost, isTaken);
  if (servers.length === 0) return undefined;
  const only = findOnly(choice);
  return {
    servers,
    approved,
    ...(only !== undefined && { only }),
    ...(typeof maxCalls === 'number' && { maxCalls }),
  };
}

/** A server as its client sees it: without credentials, and without a path, which may be one. */
export function describeMcpTool(tool: ResponseMcpTool): object {
  const { authorization: _authorization, headers: _headers, server_url: url, ...rest } = tool;
  return { ...rest, server_url: `${new URL(url).origin}/<redacted>` };
}

function makeRequestedServer(tool: ResponseMcpTool, known: readonly OpaqueObject[] | undefined): RequestedMcpServer {
  const { server_label: label, server_url: url, server_description: description, authorization, headers } = tool;
  const sent = { ...headers, ...(isPresent(authorization) && { Authorization: `Bearer ${authorization}` }) };
  const allowed = readAllowed(tool.allowed_tools);
  return {
    label,
    url,
    ...(Object.keys(sent).length > 0 && { headers: new HiddenHeaders(sent) }),
    ...(isPresent(description) && { description }),
    ...(allowed !== undefined && { allowed }),
    approval: readApproval(tool.require_approval),
    ...(known !== undefined && { tools: known }),
  };
}

function readAllowed(allowed: ResponseMcpTool['allowed_tools']): McpToolFilter | undefined {
  if (!isPresent(allowed)) return undefined;
  return isList(allowed) ? { names: allowed } : readFilter(allowed);
}

function readApproval(approval: ResponseMcpTool['require_approval']): RequestedMcpServer['approval'] {
  if (approval === 'never') return { never: [{}] };
  if (!isPresent(approval) || approval === 'always') return { always: [{}] };
  const { always, never } = approval;
  // An empty filter selects no tool: it must not take away what needs an approval.
  const read = (filter: McpFilter | null | undefined): readonly McpToolFilter[] =>
    isPresent(filter) && (isPresent(filter.tool_names) || isPresent(filter.read_only)) ? [readFilter(filter)] : [];
  return { always: read(always), never: read(never) };
}

function readFilter({ tool_names: names, read_only: isReadOnly }: McpFilter): McpToolFilter {
  return { ...(isPresent(names) && { names }), ...(isPresent(isReadOnly) && { isReadOnly }) };
}

/** The only tools that models may call, if the choice names such tools. */
function findOnly(choice: ResponseRequest['tool_choice']): RequestedMcp['only'] {
  if (typeof choice !== 'object' || choice === null) return undefined;
  if (choice.type === 'mcp') return [readPlace({ ...choice })];
  return choice.type === 'allowed_tools' ? choice.tools.filter(({ type }) => type === 'mcp').map(readPlace) : undefined;
}

function readPlace({ server_label: server, name }: Readonly<Record<string, unknown>>): {
  readonly server: string;
  readonly name?: string;
} {
  return { server: String(server), ...(typeof name === 'string' && { name }) };
}

/** Tools by the labels of their servers, as the conversation lists them last. */
function listKnown(items: readonly JsonObject[]): ReadonlyMap<string, readonly OpaqueObject[]> {
  const known = new Map<string, readonly OpaqueObject[]>();
  for (const item of items) {
    const { server_label: label, tools, error } = item;
    if (findKind(item) !== 'mcp_list_tools' || typeof label !== 'string') continue;
    // A server that could not be asked is asked again; so is one whose list is void, because its step had begun again.
    if (isPresent(error) || !Array.isArray(tools) || tools.length === 0) known.delete(label);
    else known.set(label, tools as readonly OpaqueObject[]);
  }
  return known;
}

function assertAllowed(
  { server_url: address }: ResponseMcpTool,
  path: string,
  mayRequest: McpRules['mayRequest'],
): void {
  const url = new URL(address);
  if (mayRequest(url)) return;
  throw new InvalidRequestError(
    `Invalid value for '${path}.server_url': this server asks no MCP server at ${url.origin}. Its operator has to name that host in MCP_ALLOWED_HOSTS.`,
    { param: `${path}.server_url`, code: 'mcp_host_not_allowed' },
  );
}

/** The request and the events of a run are stored, and neither may hold credentials. */
function assertKeepable({ server_url: address, authorization, headers }: ResponseMcpTool, path: string): void {
  const field = isPresent(authorization)
    ? 'authorization'
    : Object.keys(headers ?? {}).length > 0
      ? 'headers'
      : new URL(address).search === ''
        ? undefined
        : 'server_url';
  if (field === undefined) return;
  throw new InvalidRequestError(
    `Invalid value for '${path}.${field}': this run is stored, so that another process can continue it, and credentials are not. Leave \`background\` out, use a workflow that waits for nothing, or have the server configured (MCP_SERVERS).`,
    { param: `${path}.${field}`, code: 'unsupported_value' },
  );
}

function makeLostServerError({ server }: ApprovedMcpCall, isTaken: boolean): InvalidRequestError {
  const remedy = isTaken
    ? `Send the MCP server \`${server.slice(0, 64)}\` in 'tools' again: it is not stored.`
    : 'This workflow does not hand tools on to its models.';
  return new InvalidRequestError(`A call is approved that cannot be made. ${remedy}`, {
    param: 'tools',
    code: 'missing_required_parameter',
  });
}

const NO_TOOLS: ReadonlyMap<string, readonly OpaqueObject[]> = new Map();

function isList(allowed: readonly string[] | McpFilter): allowed is readonly string[] {
  return Array.isArray(allowed);
}
