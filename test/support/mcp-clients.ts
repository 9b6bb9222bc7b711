import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { type HttpResponse, postJson } from './http-client.js';

/** The parts of both SDKs' clients that the tests use. */
interface AnyClient {
  listTools(): Promise<{ readonly tools: readonly { readonly name: string }[] }>;
  close(): Promise<void>;
}

/** The result of a call. */
export interface Called {
  readonly isError?: boolean | undefined;
  readonly content: readonly { readonly type: string; readonly text?: string; readonly data?: string }[];
  readonly structuredContent?: unknown;
  readonly _meta?: Readonly<Record<string, unknown>> | undefined;
}

/** The notifications about a call while it runs. */
export interface News {
  readonly progress: number;
  readonly message?: string | undefined;
}

interface CallOptions {
  readonly onprogress?: (news: News) => void;
  readonly signal?: AbortSignal;
}

/** A client of one generation of the SDK. */
export interface McpClient extends AnyClient {
  readonly version: string | undefined;
  call(name: string, args: object, options?: CallOptions): Promise<Called>;
}

type Elicit = (name: string) => {
  action: 'accept' | 'decline';
  content?: Record<string, string | number | boolean | string[]>;
};

interface ConnectOptions {
  readonly headers?: Record<string, string>;
  readonly elicit?: Elicit;
}

/** Connects the SDK's newest client. */
export async function connectNew(
  url: string,
  mode: 'auto' | 'legacy',
  { headers = {}, elicit }: ConnectOptions = {},
): Promise<McpClient> {
  const client = new Client(
    { name: 'test', version: '1' },
    { versionNegotiation: { mode }, capabilities: elicit === undefined ? {} : { elicitation: {} } },
  );
  if (elicit !== undefined) client.setRequestHandler('elicitation/create', ({ params }) => elicit(params.message));
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }));
  return {
    version: client.getNegotiatedProtocolVersion(),
    listTools: () => client.listTools(),
    call: (name, args, options) =>
      client.callTool({ name, arguments: { ...args } }, options) as Promise<unknown> as Promise<Called>,
    close: () => client.close(),
  };
}

/** Connects a client of the previous SDK. */
export async function connectOld(url: string, { headers = {} }: ConnectOptions = {}): Promise<McpClient> {
  const client = new OldClient({ name: 'test', version: '1' });
  const transport = new OldTransport(new URL(`${url}/mcp`), { requestInit: { headers } });
  await client.connect(transport);
  return {
    version: client.getServerVersion()?.name,
    listTools: () => client.listTools(),
    call: (name, args, options) =>
      client.callTool({ name, arguments: { ...args } }, undefined, options) as Promise<unknown> as Promise<Called>,
    close: () => client.close(),
  };
}

/** A client of each generation: its name and its function to connect. */
export const MCP_CLIENTS: readonly (readonly [
  string,
  (url: string, options?: ConnectOptions) => Promise<McpClient>,
])[] = [
  ['the newest version', (url, options) => connectNew(url, 'auto', options)],
  ['the version before, by the same SDK', (url, options) => connectNew(url, 'legacy', options)],
  ['the version before, by the older SDK', connectOld],
];

/** Sends one raw message. */
export function postMessage(
  url: string,
  message: unknown,
  headers: Record<string, string> = {},
): Promise<HttpResponse> {
  return postJson(`${url}/mcp`, message, { accept: 'application/json, text/event-stream', ...headers });
}

/** A message that calls a tool. */
export function callMessage(name: string, args: object, meta: object = {}): object {
  return { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name, arguments: args, _meta: meta } };
}

/** The JSON-RPC messages of an event stream. */
export function readMessages(text: string): readonly Record<string, unknown>[] {
  return [...text.matchAll(/^data: (.+)$/gm)].map(([, json = '']) => JSON.parse(json) as Record<string, unknown>);
}

/** The texts of a result. */
export function readCallText({ content }: Called): string {
  return content.map(({ text = '' }) => text).join('\n');
}

/** The clients of a test, which are closed together. */
export class McpClients {
  readonly #all: McpClient[] = [];

  async keep(connecting: Promise<McpClient>): Promise<McpClient> {
    const client = await connecting;
    this.#all.push(client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((client) => client.close()));
  }
}
