import type { CallToolResult, Client, ClientOptions, Tool, Transport } from '@modelcontextprotocol/client';
import type { McpServerPlace } from '../../../config/index.js';
import { type Clock, isError, settleInTime, VERSION } from '../../../kernel/index.js';
import { ToolError } from '../../../workflow/index.js';
import { ResponseTooLargeError, makeBoundedFetch, MOST_BYTES } from './bounded-fetch.js';

/** How long the connection to a server may take, and then the list of its tools, in milliseconds. */
const CONNECT_MS = 10_000;
/** Pause before a server to which no connection was possible is tried again, in milliseconds. */
const LEAVE_ALONE_MS = 1_000;
/** How long a connection may take to close, in milliseconds. */
const CLOSE_MS = 3_000;
/** Stands in for a response that never comes. */
const GONE = -32_099;
/** Default limit of a call, in milliseconds. */
export const CALL_MS = 30_000;

/** An open or lost connection. */
interface OpenConnection {
  readonly client: Client;
  isClosed: boolean;
  /** Undefined until they are listed, and after the server has reported a change. */
  tools: Promise<readonly Tool[]> | undefined;
  /** Why the server cannot be used any more: it sent too much. */
  fault: ResponseTooLargeError | undefined;
}

/** How a server is asked. */
interface ConnectionOptions {
  /** Sends requests to a server over HTTP. */
  readonly ask?: typeof fetch;
  /**
   * False for a server that a client has chosen: its schemas are not compiled, since a malicious one can keep a process
   * busy for hours.
   */
  readonly isTrusted?: boolean;
}

/**
 * The connection to one MCP server, which all runs share. It is opened when it is first needed, and again after it was
 * lost. Its errors are worded here alone: messages of a server, of the SDK and of the network may hold credentials.
 */
export class McpConnection {
  readonly #place: McpServerPlace;
  readonly #clock: Clock;
  readonly #fetch: typeof fetch;
  readonly #isTrusted: boolean;
  /** Undefined where there is none. */
  #opening: Promise<OpenConnection> | undefined;
  #current: OpenConnection | undefined;
  /** In milliseconds of the monotonic clock. */
  #failedAt = Number.NEGATIVE_INFINITY;
  #isEnded = false;

  constructor(
    readonly name: string,
    place: McpServerPlace,
    clock: Clock,
    { ask = fetch, isTrusted = true }: ConnectionOptions = {},
  ) {
    this.#place = place;
    this.#clock = clock;
    this.#fetch = ask;
    this.#isTrusted = isTrusted;
  }

  /** The longest duration of one call, in milliseconds. */
  get callMs(): number {
    return this.#place.timeout ?? CALL_MS;
  }

  /** Names of the tools that may be used; undefined: all. */
  get allowed(): readonly string[] | undefined {
    return this.#place.tools;
  }

  /**
   * All tools of the server, as it has listed them.
   * @throws ToolError if they cannot be listed
   */
  async listTools(): Promise<readonly Tool[]> {
    const open = await this.#connect();
    open.tools ??= open.client
      .listTools(undefined, { timeout: CONNECT_MS, cacheMode: 'refresh' })
      .then(({ tools }) => tools);
    try {
      return await open.tools;
    } catch (error) {
      open.tools = undefined;
      throw this.#makeCallError(error, open);
    }
  }

  /**
   * Calls a tool.
   * @throws ToolError if there is no result
   */
  async call(name: string, args: Record<string, unknown>, signal: AbortSignal): Promise<CallToolResult> {
    const open = await this.#connect();
    try {
      return await this.#call(open, name, args, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isLostSession(error)) throw this.#makeCallError(error, open);
      // The server has forgotten the session, and has not begun the call.
      this.#drop(open);
      void open.client.close().catch(() => undefined);
      const again = await this.#connect();
      return this.#call(again, name, args, signal).catch((thrown: unknown) => {
        signal.throwIfAborted();
        throw this.#makeCallError(thrown, again);
      });
    }
  }

  #call(
    { client }: OpenConnection,
    name: string,
    args: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<CallToolResult> {
    // The tool's own limit ends it before.
    return client.callTool({ name, arguments: args }, { signal, timeout: this.callMs + CONNECT_MS });
  }

  /** Tells the server that the connection is no longer needed, and closes it for good. Never rejects. */
  async end(): Promise<void> {
    const { transport } = (await this.#opening?.catch(() => undefined))?.client ?? {};
    if (transport !== undefined && 'terminateSession' in transport) {
      const { terminateSession } = transport as { terminateSession: () => Promise<void> };
      await settleInTime(
        terminateSession.call(transport).catch(() => undefined),
        this.#clock,
        CLOSE_MS,
        () => undefined,
      );
    }
    await this.close();
  }

  /** Closes the connection, for good. Never rejects. */
  async close(): Promise<void> {
    this.#isEnded = true;
    const open = await this.#opening?.catch(() => undefined);
    if (open === undefined) return;
    this.#drop(open);
    await settleInTime(
      open.client.close().catch(() => undefined),
      this.#clock,
      CLOSE_MS,
      () => undefined,
    );
  }

  /** @throws ToolError if there is no connection */
  async #connect(): Promise<OpenConnection> {
    const isLeftAlone = this.#clock.monotonic() - this.#failedAt < LEAVE_ALONE_MS;
    if (this.#isEnded || (this.#opening === undefined && isLeftAlone)) throw this.#makeAwayError();
    const opening = (this.#opening ??= this.#openNew());
    try {
      return await opening;
    } catch {
      if (this.#opening === opening) {
        this.#opening = undefined;
        this.#failedAt = this.#clock.monotonic();
      }
      throw this.#makeAwayError();
    }
  }

  async #openNew(): Promise<OpenConnection> {
    const sdk = await import('@modelcontextprotocol/client');
    const isHttp = this.#place.url !== undefined;
    const invalidate = (): void => {
      connection.tools = undefined;
    };
    const client = new sdk.Client(
      { name: 'millrace', version: VERSION },
      {
        // A program would be started twice by the probe.
        versionNegotiation: { mode: isHttp ? 'auto' : 'legacy', probe: { timeoutMs: CONNECT_MS } },
        // No debounce: with the SDK's pause, a server that often reports changes would never be asked again.
        ...(!this.#isTrusted && { jsonSchemaValidator: NO_VALIDATOR }),
        listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: invalidate } },
      },
    );
    const connection: OpenConnection = { client, isClosed: false, tools: undefined, fault: undefined };
    // A fault of a call is thrown by the call.
    Object.assign(client, { onclose: () => this.#drop(connection), onerror: () => undefined });
    const transport = isHttp
      ? makeHttpTransport(sdk, this.#place, this.#fetch, (error) => this.#cutOff(connection, error))
      : await makeProgramTransport(this.#place);
    try {
      await client.connect(transport, { timeout: CONNECT_MS });
    } catch (error) {
      void client.close().catch(() => undefined);
      throw error;
    }
    if (connection.isClosed) throw this.#makeAwayError();
    this.#current = connection;
    return connection;
  }

  #cutOff(connection: OpenConnection, error: ResponseTooLargeError): void {
    connection.fault = error;
    this.#drop(connection);
    void connection.client.close().catch(() => undefined);
  }

  /** The next call opens another one. */
  #drop(connection: OpenConnection): void {
    connection.isClosed = true;
    if (this.#current !== connection) return;
    this.#current = undefined;
    this.#opening = undefined;
  }

  #makeAwayError(): ToolError {
    return new ToolError(`the MCP server "${this.name}" cannot be reached. Continue without it.`);
  }

  /** @param thrown by the SDK, whose words are not passed on */
  #makeCallError(thrown: unknown, { fault, isClosed }: OpenConnection): ToolError {
    if (isError(thrown) && thrown instanceof ToolError) return thrown;
    const server = `the MCP server "${this.name}"`;
    if (fault !== undefined) return new ToolError(`${server} sent more than ${MOST_BYTES / 1024 ** 2} MB at once.`);
    const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? String(thrown.code) : '';
    if (isClosed || code === String(GONE)) return new ToolError(`${server} was disconnected during the call.`);
    if (/timeout/i.test(code)) return new ToolError(`${server} did not answer in time.`);
    // Errors of JSON-RPC have numbers.
    if (/^-\d+$/.test(code))
      return new ToolError(`${server} refused the call, or returned what does not fit its own schema.`);
    return new ToolError(`${server} could not be called, or its response was not valid.`);
  }
}

/** A validator that accepts everything. */
const NO_VALIDATOR = {
  getValidator: () => (input: unknown) => ({ valid: true, data: input, errorMessage: undefined }),
} as NonNullable<ClientOptions['jsonSchemaValidator']>;

function isLostSession(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'status' in error && error.status === 404;
}

type Sdk = typeof import('@modelcontextprotocol/client');

function makeHttpTransport(
  { StreamableHTTPClientTransport }: Sdk,
  { url = '', headers = {} }: McpServerPlace & { readonly headers?: Readonly<Record<string, string>> },
  ask: typeof fetch,
  onTooLarge: (error: ResponseTooLargeError) => void,
): Transport {
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    fetch: makeBoundedFetch(onTooLarge, ask),
    requestInit: { headers: { ...headers } },
  });
  endLostRequests(transport);
  return transport;
}

/** The SDK waits until the timeout for a response whose stream has ended: the server is gone. */
function endLostRequests(transport: Transport): void {
  const send = transport.send.bind(transport);
  transport.send = (message, options) =>
    send(message, {
      ...options,
      onRequestStreamEnd: () => {
        options?.onRequestStreamEnd?.();
        // A request that was answered before is not known any more.
        if ('method' in message && 'id' in message)
          transport.onmessage?.({ jsonrpc: '2.0', id: message.id, error: { code: GONE, message: 'gone' } });
      },
    });
}

async function makeProgramTransport({ command = '', ...more }: McpServerPlace): Promise<Transport> {
  const { getDefaultEnvironment, StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
  const { args = [], env = {}, cwd } = more as Extract<McpServerPlace, { command: string }>;
  return new StdioClientTransport({
    command,
    args: [...args],
    // The server must not see this process's keys.
    env: { ...getDefaultEnvironment(), ...env },
    ...(cwd !== undefined && { cwd }),
    // A server can write anything there.
    stderr: 'ignore',
    maxBufferSize: MOST_BYTES,
  });
}
