import { Injectable, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AppConfig } from '../../config/index.js';
import {
  formatStackForLog,
  InternalError,
  InvalidRequestError,
  type MillraceError,
  RunAbortedError,
} from '../../errors/index.js';
import { findRecord } from '../../http/index.js';
import { Cancellation, Clock, IdSource, isJsonObject } from '../../kernel/index.js';
import { RunService } from '../../runs/index.js';
import { Gate } from '../../streaming/index.js';
import { addRunHeaders, EventStreamWriter, readOrigin, type TakenRequest } from '../wire/index.js';
import { callDirectly } from './calls/direct-call.js';
import { LoggedCalls } from './calls/logged-calls.service.js';
import type { ToolOutcome, McpToolCall } from './calls/tool-call.js';
import { loadSdk } from './load-sdk.js';
import { makeServer, readCalledTool } from './make-server.js';
import { MCP_PATH } from './mcp.path.js';
import { OpenCalls } from './open-calls.service.js';
import { decodeArguments } from './mcp.decoder.js';
import { ToolCatalog } from './tools/tool-catalog.service.js';

/** What distinguishes requests of older clients, beside their ids. */
export const SESSION_HEADER = 'mcp-session-id';

/** One request over HTTP and its response. */
interface McpExchangeParts {
  readonly taken: TakenRequest;
  readonly request: Request;
  readonly response: Response;
  /** Ends all of it when the client has left or has cancelled the call. */
  readonly end: Cancellation;
  readonly gate: Gate;
}

/**
 * Serves the protocol over HTTP: each request by its own instance of the SDK's server, so that any process can serve
 * the next one.
 */
@Injectable()
export class McpExchanges {
  readonly #logger = new Logger('Mcp');

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly runs: RunService,
    private readonly catalog: ToolCatalog,
    private readonly logged: LoggedCalls,
    private readonly open: OpenCalls,
  ) {}

  /**
   * Serves a request that has been read.
   * @returns when the whole response has been handed to the connection
   * @throws InternalError if the SDK has failed before anything was sent
   */
  async serve(request: Request, response: Response, taken: TakenRequest): Promise<void> {
    const { body: message, caller } = taken;
    if (Array.isArray(message)) throw makeBatchError();
    const client = { caller, session: request.get(SESSION_HEADER) };
    const end = new Cancellation();
    const leave = (): void => end.abort(taken.signal.reason);
    if (taken.signal.aborted) leave();
    else taken.signal.addEventListener('abort', leave);
    const exchange: McpExchangeParts = { taken, request, response, end, gate: new Gate() };
    const name = readCalledTool(message);
    if (name === undefined) {
      this.open.cancel(client, message);
      // No run is begun for it.
      taken.admission.cancel();
      await this.#serveAtOnce(exchange);
      return;
    }
    const forget = this.open.add(client, isJsonObject(message) ? message['id'] : undefined, end);
    try {
      await this.#serveCall(exchange, name);
    } finally {
      forget();
      // If a run has already set it, this does nothing.
      if (!findRecord(response).hasRun) taken.admission.end();
    }
  }

  async #serveAtOnce(exchange: McpExchangeParts): Promise<void> {
    const { response, taken } = exchange;
    const reply = await this.#fetch(exchange, 'auto');
    const { body: message } = taken;
    if (isJsonObject(message) && message['method'] === 'initialize' && reply.ok) {
      response.setHeader(SESSION_HEADER, this.ids.replicaId());
    }
    await sendWhole(reply, response);
  }

  async #serveCall(exchange: McpExchangeParts, name: string): Promise<void> {
    const { response, taken, end, gate } = exchange;
    const { clock } = this;
    const { heartbeatMs, openGraceMs } = this.config.stream;
    const record = findRecord(response);
    const { workflow } = this.catalog.find(name, taken.caller) ?? {};
    if (workflow !== undefined) record.setWorkflow(workflow.id, true);
    const reply = await this.#fetch(exchange, 'sse');
    if (reply.headers.get('content-type')?.startsWith('text/event-stream') !== true || reply.body === null) {
      await sendWhole(reply, response);
      return;
    }
    const writer = new EventStreamWriter(response, gate, clock, heartbeatMs, record.openStream(), end);
    // Keeps proxies and clients from timing out.
    const grace = clock.after(openGraceMs, () => writer.open());
    const decoder = new TextDecoder();
    try {
      for await (const chunk of reply.body) {
        writer.announceTokens();
        writer.write(decoder.decode(chunk as Uint8Array, { stream: true }));
      }
    } catch (error) {
      if (!end.aborted) throw new InternalError(error);
    } finally {
      grace.cancel();
      writer.end('');
    }
  }

  async #fetch(exchange: McpExchangeParts, responseMode: 'auto' | 'sse'): Promise<globalThis.Response> {
    const { createMcpHandler } = await loadSdk();
    const { taken, request, end } = exchange;
    let fault: Error | undefined;
    const handler = createMcpHandler(() => this.#makeServer(exchange), {
      responseMode,
      // The stream's writer sends the keep-alives for all protocols.
      keepAliveMs: 0,
      onerror: (error) => (fault = error),
    });
    const reply = await handler.fetch(makeWebRequest(request, end.signal), { parsedBody: taken.body });
    if (reply.status === 500) throw new InternalError(fault);
    return reply;
  }

  #makeServer(exchange: McpExchangeParts) {
    const { taken, response, end } = exchange;
    return makeServer({
      catalog: this.catalog,
      caller: taken.caller,
      signal: end,
      call: (call) => this.#call(call, exchange),
      onFailure: (error) => this.#tell(error, response),
    });
  }

  async #call(call: McpToolCall, { taken, request, response, gate }: McpExchangeParts): Promise<ToolOutcome> {
    const { caller, admission } = taken;
    const { access } = this.config;
    const { workflow } = call.tool;
    const record = findRecord(response);
    const origin = readOrigin(request, response, { streamed: true, caller, access });
    if (workflow.waits.length > 0) {
      const onRun = (id: string): void => {
        record.setRun(id);
        if (!response.headersSent) addRunHeaders(response, id);
      };
      const from = { owner: caller.id, admission, origin, watch: record, onRun, isPaused: () => !gate.isOpen };
      if (call.answers !== undefined) return this.logged.goOn(call, call.answers, from);
      return this.logged.begin(call, decodeArguments(call.args, workflow), from);
    }
    const runRequest = decodeArguments(call.args, workflow);
    const { runs, clock } = this;
    return callDirectly(
      call,
      runRequest,
      { runs, clock },
      {
        id: `mcp_${this.ids.runId()}`,
        gate,
        origin,
        admission,
        watch: record,
        onTraceId: (id) => void (response.headersSent || response.setHeader('x-trace-id', id)),
      },
    );
  }

  /** The result holds the error of a call; here it goes to the log and the metrics. */
  #tell(error: MillraceError, response: Response): void {
    const record = findRecord(response);
    if (!record.hasRun || !(error instanceof RunAbortedError)) record.setFailure(error);
    if (error instanceof InternalError)
      this.#logger.error('A call of a tool failed by a bug', formatStackForLog(error.cause));
  }
}

/**
 * A batch could begin any number of runs by one request. The protocol has had no batches since its version 2025-06-18.
 */
function makeBatchError(): InvalidRequestError {
  return new InvalidRequestError(
    'The body must be one message, not a list of them. Send each in a request of its own.',
    {
      code: 'invalid_type',
    },
  );
}

async function sendWhole(reply: globalThis.Response, response: Response): Promise<void> {
  const text = await reply.text();
  if (response.destroyed) return;
  response.status(reply.status);
  for (const name of ['content-type', 'allow', 'www-authenticate']) {
    const value = reply.headers.get(name);
    if (value !== null) response.setHeader(name, value);
  }
  response.end(text);
}

/** The head of the request for the SDK; the body has already been read. */
function makeWebRequest({ headers, headersDistinct }: Request, signal: AbortSignal): globalThis.Request {
  const copied = new Headers();
  for (const [name, values] of Object.entries(headersDistinct)) {
    for (const value of values ?? []) if (name !== 'content-length') copied.append(name, value);
  }
  // It is not used as a link.
  const host = URL.canParse(`http://${headers.host}`) ? headers.host : 'localhost';
  return new globalThis.Request(`http://${host}${MCP_PATH}`, { method: 'POST', headers: copied, signal });
}
