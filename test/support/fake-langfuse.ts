import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { ensureError } from '../../src/kernel/index.js';
import { judge, type StoredLegacyEvent } from './langfuse/legacy-events.js';
import { type OtlpEncoding, encodePartialSuccess } from './langfuse/otlp-response.js';
import { exportTraceServiceRequest } from './langfuse/otlp-messages.js';
import { type ReceivedSpan, type ReceivedTrace, readSpans, groupTraces } from './langfuse/otlp-spans.js';
import { readMessage } from './langfuse/protobuf.js';

/** The differences between a {@link FakeLangfuse} and a current server with the default keys. */
interface FakeLangfuseOptions {
  readonly publicKey?: string;
  readonly secretKey?: string;
  /** Its version, which decides its routes: see {@link FakeLangfuse}. */
  readonly version?: string;
}

/**
 * The behaviour of the routes that receive traces:
 * - `ok`: what the real server does.
 * - `down`: the whole server is down; it breaks every connection at once.
 * - `hang`: reads the request, and never responds.
 * - `slow`: accepts the request, and responds when {@link FakeLangfuse.release} is called.
 * - `reset`: reads the request, then resets the connection.
 * - `partial-207`: refuses every second event, or span. For spans that is OTLP's `partial_success`, with status 200.
 * - `html-500`: status 500 with a page, as a proxy in front of it sends.
 * - `status`: that status, with a JSON body.
 */
export type FakeLangfuseBehaviour =
  | 'ok'
  | 'down'
  | 'hang'
  | 'slow'
  | 'reset'
  | 'partial-207'
  | 'html-500'
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> };

/** A received request. */
interface LangfuseRequest {
  /** The index from 0, in the order of arrival. */
  readonly index: number;
  readonly method: string;
  readonly path: string;
  /** The value of `authorization` is withheld, so that no test report shows it. */
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const OTLP_PATH = '/api/public/otel/v1/traces';
const COLLECTOR_PATH = '/v1/traces';
const LEGACY_PATH = '/api/public/ingestion';
const INGEST_PATHS = [OTLP_PATH, COLLECTOR_PATH, LEGACY_PATH];
/** The real server's limit for a body of {@link LEGACY_PATH}. */
const LEGACY_LIMIT_BYTES = 4.5 * 1024 * 1024;
const NEWEST_INGESTION_VERSION = 4;

/**
 * A tracing backend over real HTTP on the loopback interface: Langfuse's health, projects, OTLP and legacy ingestion
 * routes, and `/v1/traces` of a plain OpenTelemetry collector, which needs no credentials.
 *
 * As with the real ones, a server before 3.22 has no OTLP route, and one from 4 on refuses the events of traces on the
 * legacy route. Requests that no client of ours should ever send are faults, which {@link assertClean} and
 * {@link close} throw.
 */
export class FakeLangfuse {
  /** Every request that could be read. */
  readonly requests: LangfuseRequest[] = [];
  /** Unknown routes, unreadable bodies and exports that break OTLP's rules. */
  readonly faults: string[] = [];
  /** The number of connections that were broken while it was `down`. */
  refusedConnections = 0;
  /** The largest number of concurrent requests with traces. */
  mostOpen = 0;
  readonly #server = createServer((request, response) => {
    this.#handle(request, response).catch((error: unknown) => {
      this.faults.push(`The tracing backend itself failed: ${ensureError(error).stack}`);
      response.destroy();
    });
  });
  readonly #spans: ReceivedSpan[] = [];
  readonly #collectorSpans: ReceivedSpan[] = [];
  readonly #legacyEvents = new Map<string, StoredLegacyEvent>();
  readonly #held = new Set<() => void>();
  readonly #open = new Set<ServerResponse>();
  #behaviour: FakeLangfuseBehaviour = 'ok';
  #keysAreValid = true;

  private constructor(
    readonly publicKey: string,
    readonly secretKey: string,
    readonly version: string,
  ) {
    this.#server.on('connection', (socket) => {
      if (this.#behaviour !== 'down') return;
      this.refusedConnections += 1;
      socket.destroy();
    });
  }

  /** Starts one on a free port. */
  static async start(options: FakeLangfuseOptions = {}): Promise<FakeLangfuse> {
    const { publicKey = 'pk-lf-test', secretKey = 'sk-lf-test', version = '4.16.0' } = options;
    const langfuse = new FakeLangfuse(publicKey, secretKey, version);
    await new Promise<void>((resolve, reject) => {
      langfuse.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return langfuse;
  }

  /** Scheme, host and port. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The number of open requests with traces. */
  get open(): number {
    return this.#open.size;
  }

  /** Sets the behaviour for new requests with traces. */
  setBehaviour(behaviour: FakeLangfuseBehaviour): this {
    this.#behaviour = behaviour;
    if (behaviour === 'down') this.#server.closeAllConnections();
    return this;
  }

  /** Responds to the requests that `slow` has held. */
  release(): void {
    for (const proceed of this.#held) proceed();
    this.#held.clear();
  }

  /** Makes all keys invalid, as if the operator had revoked them. */
  rejectKeys(): this {
    this.#keysAreValid = false;
    return this;
  }

  /** The spans that Langfuse's OTLP route received, in the order of arrival; a span that arrived twice is listed twice. */
  spans(): readonly ReceivedSpan[] {
    return this.#spans;
  }

  /** {@link spans} by trace. */
  traces(): ReceivedTrace[] {
    return groupTraces(this.#spans);
  }

  /** The spans that `/v1/traces` received. */
  collectorSpans(): readonly ReceivedSpan[] {
    return this.#collectorSpans;
  }

  /** The events that the legacy route has stored. An event that arrived twice is stored once, as in the real server. */
  legacyEvents(): StoredLegacyEvent[] {
    return [...this.#legacyEvents.values()];
  }

  /** All requests with traces, with any response. */
  get ingestRequests(): LangfuseRequest[] {
    return this.requests.filter(({ path }) => INGEST_PATHS.includes(path));
  }

  /** @throws Error that lists every fault, if there are any */
  assertClean(): void {
    if (this.faults.length === 0) return;
    throw new Error(`The tracing backend has faults:\n- ${this.faults.join('\n- ')}`);
  }

  /**
   * Breaks open connections and frees the port.
   * @throws Error that lists every fault, if there are any
   */
  async close(): Promise<void> {
    this.#held.clear();
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeAllConnections();
    await closed;
    this.assertClean();
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = incoming;
    const body = await buffer(incoming).catch(() => undefined);
    if (body === undefined) return; // The client left before it had sent the whole request.
    const shown = { ...headers, ...(headers.authorization !== undefined && { authorization: '<withheld>' }) };
    const request = { index: this.requests.length, method, path, headers: shown, body };
    this.requests.push(request);
    const authorized = this.#isAuthorized(headers.authorization);
    if (method === 'POST' && INGEST_PATHS.includes(path)) return this.#ingest(request, authorized, response);
    if (method === 'GET' && path === '/api/public/health') {
      return sendJson(response, 200, { status: 'OK', version: this.version });
    }
    if (method === 'GET' && path === '/api/public/projects') {
      return authorized
        ? sendJson(response, 200, { data: [{ id: 'test-project-id', name: 'test-project', metadata: {} }] })
        : sendUnauthorized(response);
    }
    this.faults.push(`${method} ${path} is no route of a tracing backend that a client of ours uses`);
    sendJson(response, 404, { message: 'Not Found' });
  }

  async #ingest(request: LangfuseRequest, authorized: boolean, response: ServerResponse): Promise<void> {
    this.#open.add(response);
    this.mostOpen = Math.max(this.mostOpen, this.open);
    response.once('close', () => this.#open.delete(response));
    const behaviour = this.#behaviour;
    if (behaviour === 'slow') await new Promise<void>((resolve) => this.#held.add(resolve));
    if (typeof behaviour === 'object') {
      sendJson(response, behaviour.status, { message: `Status ${behaviour.status}` }, behaviour.headers);
    } else if (behaviour === 'html-500') {
      response.writeHead(500, { 'content-type': 'text/html' }).end('<html><body>Internal Server Error</body></html>');
    } else if (behaviour === 'reset') {
      response.socket?.resetAndDestroy();
    } else if (behaviour !== 'hang') {
      this.#take(request, authorized, behaviour === 'partial-207', response);
    }
  }

  #take(request: LangfuseRequest, authorized: boolean, partial: boolean, response: ServerResponse): void {
    if (request.path === COLLECTOR_PATH) return this.#takeSpans(request, this.#collectorSpans, partial, response);
    if (!authorized) return sendUnauthorized(response);
    if (request.path === LEGACY_PATH) return this.#takeEvents(request, partial, response);
    if (!isAtLeast(this.version, 3, 22)) return sendJson(response, 404, { message: 'Not Found' });
    const version = request.headers['x-langfuse-ingestion-version'];
    if (version !== undefined && !(Number(version) <= NEWEST_INGESTION_VERSION)) {
      return sendJson(response, 400, { error: `Unsupported x-langfuse-ingestion-version: "${String(version)}".` });
    }
    this.#takeSpans(request, this.#spans, partial, response);
  }

  #takeSpans(request: LangfuseRequest, store: ReceivedSpan[], partial: boolean, response: ServerResponse): void {
    let spans: ReceivedSpan[];
    let encoding: OtlpEncoding;
    try {
      ({ spans, encoding } = readExport(request));
    } catch (error) {
      this.faults.push(`Request ${request.index} to ${request.path} breaks OTLP: ${ensureError(error).message}`);
      return sendJson(response, 400, { error: ensureError(error).message });
    }
    store.push(...spans.filter((_, index) => !partial || index % 2 === 0));
    const refused = partial ? Math.floor(spans.length / 2) : 0;
    // Langfuse always responds in JSON; a collector responds in the format of the request.
    const { contentType, body } = encodePartialSuccess(refused, request.path === COLLECTOR_PATH ? encoding : 'json');
    response.writeHead(200, { 'content-type': contentType }).end(body);
  }

  #takeEvents(request: LangfuseRequest, partial: boolean, response: ServerResponse): void {
    if (request.body.length > LEGACY_LIMIT_BYTES)
      return sendJson(response, 413, { message: 'Body exceeded 4.5mb limit' });
    let batch: unknown[];
    try {
      ({ batch } = z.object({ batch: z.array(z.unknown()) }).parse(JSON.parse(request.body.toString())));
    } catch (error) {
      this.faults.push(`Request ${request.index} to ${request.path} is no batch: ${ensureError(error).message}`);
      return sendJson(response, 400, { message: 'Invalid request data' });
    }
    const successes: { id: string; status: number }[] = [];
    const errors: { id: string; status: number; message: string; error: string }[] = [];
    for (const [index, input] of batch.entries()) {
      const verdict = judge(input, !isAtLeast(this.version, 4, 0));
      if ('refusal' in verdict) {
        errors.push(verdict.refusal);
      } else if (partial && index % 2 === 1) {
        errors.push({ id: verdict.event.id, status: 500, message: 'Internal', error: 'Told to refuse it' });
      } else {
        this.#legacyEvents.set(verdict.event.id, verdict.event);
        successes.push({ id: verdict.event.id, status: 201 });
      }
    }
    sendJson(response, 207, { successes, errors });
  }

  #isAuthorized(header: string | undefined): boolean {
    const expected = Buffer.from(`${this.publicKey}:${this.secretKey}`).toString('base64');
    return this.#keysAreValid && header === `Basic ${expected}`;
  }
}

function readExport({ headers, body }: LangfuseRequest): { spans: ReceivedSpan[]; encoding: OtlpEncoding } {
  const plain = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  const type = headers['content-type'] ?? '';
  if (type.includes('application/x-protobuf')) {
    return { spans: readSpans(readMessage(exportTraceServiceRequest, plain)), encoding: 'protobuf' };
  }
  if (type.includes('application/json')) return { spans: readSpans(JSON.parse(plain.toString())), encoding: 'json' };
  throw new TypeError(`Invalid content type: "${type}"`);
}

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

function sendUnauthorized(response: ServerResponse): void {
  sendJson(response, 401, { error: 'UnauthorizedError', message: 'Invalid credentials. Confirm the keys.' });
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
