import type { CallToolRequest, ClientCapabilities, McpServer, ServerContext } from '@modelcontextprotocol/server';
import type { Caller } from '../../access/index.js';
import { type MillraceError, ModelNotFoundError, toMillraceError, toRunError } from '../../errors/index.js';
import { type AbortNotice, isJsonObject, VERSION } from '../../kernel/index.js';
import type { ToolOutcome, McpToolCall } from './calls/tool-call.js';
import { makeErrorResult } from './mcp.collector.js';
import { loadSdk, type McpSdk } from './load-sdk.js';
import type { ToolCatalog } from './tools/tool-catalog.service.js';

/** The options of an instance of the protocol's server, which serves one caller. */
interface ServedCaller {
  readonly catalog: ToolCatalog;
  readonly caller: Caller;
  /** Aborts when the connection is gone; absent: only the protocol reports it. */
  readonly signal?: AbortNotice;
  readonly call: (call: McpToolCall) => Promise<ToolOutcome>;
  /** Called with the error of a call that failed before its run, or without one. */
  readonly onFailure: (error: MillraceError) => void;
}

/** Makes one instance of the protocol's server: for one request over HTTP, otherwise for a connection. */
export async function makeServer({ catalog, caller, signal, call, onFailure }: ServedCaller): Promise<McpServer> {
  const sdk = await loadSdk();
  const made = new sdk.McpServer(
    { name: 'millrace', title: 'Millrace', version: VERSION },
    { capabilities: { tools: {} } },
  );
  const { server } = made;

  const respond = async (request: CallToolRequest, context: ServerContext): Promise<ToolOutcome> => {
    const { name, arguments: args = {}, _meta: meta } = request.params;
    const tool = catalog.find(name, caller);
    if (tool === undefined) {
      const error = new ModelNotFoundError(name);
      onFailure(error);
      throw new sdk.ProtocolError(sdk.ProtocolErrorCode.InvalidParams, `Unknown tool: ${name.slice(0, 128)}`);
    }
    const { mcpReq } = context;
    const state = mcpReq.requestState<string>();
    // The newest version sends it with each request, older ones once for each connection.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    const { elicitation } = readCapabilities(mcpReq.envelope, sdk) ?? server.getClientCapabilities() ?? {};
    try {
      return await call({
        tool,
        args,
        signal: signal ?? mcpReq.signal,
        canElicit: elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined),
        progressToken: meta?.progressToken,
        // A client that has left needs no notifications.
        notify: (notification) => void mcpReq.notify(notification).catch(() => undefined),
        answers: typeof state === 'string' ? { state, responses: mcpReq.inputResponses ?? {} } : undefined,
      });
    } catch (thrown) {
      const error = toMillraceError(thrown);
      onFailure(error);
      return makeErrorResult(toRunError(error));
    }
  };

  server.setRequestHandler('tools/list', () => ({ tools: [...catalog.list(caller)] }));
  server.setRequestHandler('tools/call', (request, context) => respond(request, context));
  return made;
}

/** The capabilities of a client in a request; undefined if it sends none. */
function readCapabilities(
  envelope: ServerContext['mcpReq']['envelope'],
  { CLIENT_CAPABILITIES_META_KEY: key }: McpSdk,
): ClientCapabilities | undefined {
  return (envelope as Readonly<Record<string, ClientCapabilities>> | undefined)?.[key];
}

/** The name of the tool that a message calls; undefined if it calls none. */
export function readCalledTool(message: unknown): string | undefined {
  if (!isJsonObject(message) || message['method'] !== 'tools/call') return undefined;
  const { params } = message;
  return isJsonObject(params) && typeof params['name'] === 'string' ? params['name'] : '';
}
