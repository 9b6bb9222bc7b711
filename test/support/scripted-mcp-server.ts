import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';

/** The server's description of a tool, which may be wrong. */
interface ScriptedTool {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: unknown;
  readonly outputSchema?: unknown;
  readonly annotations?: object;
}

/** A message of a client. */
interface McpMessage {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: { readonly name?: string; readonly arguments?: Readonly<Record<string, unknown>> };
}

/** Handles one call of a tool. */
export type CallScript = (call: McpMessage, response: ServerResponse) => void;

/** A real MCP server over HTTP (version 2025-11-25, with sessions) whose calls a test scripts. */
export class ScriptedMcpServer {
  /** All messages of clients, with their headers. */
  readonly received: { readonly message: McpMessage; readonly headers: IncomingMessage['headers'] }[] = [];
  tools: readonly ScriptedTool[] = [];
  /** Handles a request for the list of tools. Undefined: the server lists them. */
  onList: CallScript | undefined;
  /** The number of sessions that clients have ended. */
  ended = 0;
  onCall: CallScript = (call, response) => sendResult(response, call, { content: [{ type: 'text', text: 'done' }] });
  #session = 0;
  readonly #streams = new Set<ServerResponse>();

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<ScriptedMcpServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ScriptedMcpServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/mcp`;
  }

  /** The number of received messages with this method. */
  count(method: string): number {
    return this.received.filter(({ message }) => message.method === method).length;
  }

  /** The number of clients that listen for notifications. */
  get listeners(): number {
    return this.#streams.size;
  }

  /** Sends a notification to all clients that listen. */
  tell(method: string): void {
    for (const stream of this.#streams) stream.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method })}\n\n`);
  }

  /** Forgets all sessions. */
  forgetSessions(): void {
    this.#session++;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      this.#streams.add(response);
      response.on('close', () => this.#streams.delete(response));
      return;
    }
    if (request.method === 'DELETE') this.ended++;
    if (request.method !== 'POST') {
      response.writeHead(405).end();
      return;
    }
    const message = JSON.parse(await readText(request)) as McpMessage;
    this.received.push({ message, headers: request.headers });
    const { method, id } = message;
    if (id === undefined) response.writeHead(202).end();
    else if (method === 'initialize') {
      response.setHeader('mcp-session-id', `session-${this.#session}`);
      sendResult(response, message, {
        protocolVersion: '2025-11-25',
        serverInfo: { name: 'scripted', version: '1' },
        capabilities: { tools: { listChanged: true } },
      });
    } else if (method === 'server/discover') sendError(response, message, -32_601, 'Method not found');
    else if (request.headers['mcp-session-id'] !== `session-${this.#session}`) response.writeHead(404).end();
    else if (method === 'tools/list' && this.onList !== undefined) this.onList(message, response);
    else if (method === 'tools/list') sendResult(response, message, { tools: this.tools });
    else if (method === 'tools/call') this.onCall(message, response);
    else sendError(response, message, -32_601, 'Method not found');
  }
}

/** Answers a message with a result. */
export function sendResult(response: ServerResponse, { id }: McpMessage, result: object): void {
  sendJson(response, { jsonrpc: '2.0', id, result });
}

/** Answers a message with an error of JSON-RPC. */
export function sendError(response: ServerResponse, { id }: McpMessage, code: number, message: string): void {
  sendJson(response, { jsonrpc: '2.0', id, error: { code, message } });
}

function sendJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
