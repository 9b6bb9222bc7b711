import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { Bench } from './app.js';
import type { WireResponse } from './response-schemas.js';
import { type CallScript, ScriptedMcpServer, sendResult } from './scripted-mcp-server.js';
import { scriptStream, scriptToolCalls } from './upstream/index.js';

/** The tool that the server of {@link McpRequests} has by default; it answers with `found` and the query. */
export const SEARCH = {
  name: 'search',
  description: 'Searches the docs',
  inputSchema: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] },
  annotations: { readOnlyHint: true },
};
/** A tool that is not marked as read-only. */
export const WRITE = { name: 'write', inputSchema: { type: 'object', properties: {} } };

const findQuery: CallScript = (call, response) =>
  sendResult(response, call, {
    content: [{ type: 'text', text: `found ${String(call.params?.arguments?.['query'])}` }],
  });

/** An application, and an MCP server for the tools of requests for responses. */
interface McpRequests {
  readonly bench: Bench;
  readonly server: ScriptedMcpServer;
  /** The tool of a request that names the server, by default without approvals. */
  readonly docs: (more?: object) => object;
  /** Makes a call of {@link SEARCH} the model's next output. */
  readonly callSearch: () => void;
  /** Makes this text the model's next output. */
  readonly say: (text?: string) => void;
  /** The last request to the model. */
  readonly lastRequest: () => Readonly<Record<string, unknown>>;
  readonly lastMessages: () => { role: string; content: string }[];
}

/** Sets up the tests of the enclosing `describe`. Before each test, the server has only {@link SEARCH}, and no messages. */
export function openMcpRequests(): McpRequests {
  let server: ScriptedMcpServer;
  let bench: Bench;
  beforeAll(async () => {
    // On a busy machine, loading the package can take longer than the time limit of a server.
    await import('@modelcontextprotocol/client');
    server = await ScriptedMcpServer.start();
    const { host } = new URL(server.url);
    bench = await Bench.start({
      env: { MCP_ALLOWED_HOSTS: `http://${host}`, LOG_LEVEL: 'debug', LOG_FORMAT: 'json', RUNS_INSPECT: 'on' },
    });
  });
  afterAll(async () => {
    await bench.close();
    await server.close();
  });
  beforeEach(() => {
    server.received.length = 0;
    server.tools = [SEARCH];
    server.onCall = findQuery;
    server.onList = undefined;
  });
  const lastRequest: McpRequests['lastRequest'] = () =>
    bench.upstream.requests.at(-1)?.body as Readonly<Record<string, unknown>>;
  return {
    get bench() {
      return bench;
    },
    get server() {
      return server;
    },
    docs: (more = {}) => ({
      type: 'mcp',
      server_label: 'docs',
      server_url: server.url,
      require_approval: 'never',
      ...more,
    }),
    callSearch: () => bench.upstream.next(scriptToolCalls('call_1', 'search', { query: 'snow' })),
    say: (text = 'So it is.') => bench.upstream.next(scriptStream(text)),
    lastRequest,
    lastMessages: () => lastRequest()['messages'] as { role: string; content: string }[],
  };
}

/** The types of a response's items, in order. */
export const listOutputTypes = ({ output }: WireResponse): string[] => output.map(({ type }) => type);
