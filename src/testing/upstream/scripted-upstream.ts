import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { ensureError } from '../../kernel/index.js';
import { eventually } from '../eventually.js';
import { ScriptedResponse } from './scripted-response.js';
import { assertPlayable, Player } from './player.js';
import { type RecordedBody, RecordedRequest } from './recorded-request.js';
import type { Script } from './scripts.js';
import { errorBody, httpError, type Step } from './steps.js';

const PATH = '/v1/chat/completions';

/**
 * A model provider that follows a test's script: OpenAI's `POST /v1/chat/completions` over real HTTP on the loopback
 * interface. Anything outside of the script is a fault, which {@link assertClean} and {@link close} throw.
 */
export class ScriptedUpstream {
  /** All readable requests, in the order of arrival. */
  readonly requests: RecordedRequest[] = [];
  /** Faults: unscripted requests, wrong paths, unreadable bodies, failed scripts. */
  readonly faults: string[] = [];
  /** The greatest number of requests in flight at one time. */
  mostOpen = 0;
  readonly #server: Server;
  readonly #queue: (readonly Step[])[] = [];
  readonly #responses = new Set<ScriptedResponse>();
  readonly #playing = new Set<Promise<void>>();
  #always: ((request: RecordedRequest) => Script) | undefined;

  private constructor(readonly path: string) {
    this.#server = createServer((request, response) => {
      const playing = this.#handle(request, response).catch((error: unknown) => {
        this.faults.push(`The upstream itself failed: ${ensureError(error).stack}`);
        response.destroy();
      });
      this.#playing.add(playing);
      void playing.finally(() => this.#playing.delete(playing));
    });
  }

  /**
   * Starts an upstream on a free port.
   * @param path the only valid path, with its query
   */
  static async start(path = PATH): Promise<ScriptedUpstream> {
    const upstream = new ScriptedUpstream(path);
    await new Promise<void>((resolve, reject) => {
      upstream.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return upstream;
  }

  /** The base URL for a client of OpenAI's paths; it ends with `/v1`. */
  get url(): string {
    return `${this.origin}/v1`;
  }

  /** Scheme, host and port. */
  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many requests are in flight. */
  get open(): number {
    return this.#responses.size;
  }

  /**
   * Queues a script for the next request without one. A script that no request uses is a fault.
   * @throws TypeError if the script has steps that can never be played
   */
  next(script: Script): this {
    const steps = [script].flat();
    assertPlayable(steps);
    this.#queue.push(steps);
    return this;
  }

  /** Sets the script for every request without a queued one. A function chooses it by the request. */
  always(script: Script | ((request: RecordedRequest) => Script)): this {
    this.#always = typeof script === 'function' ? script : () => script;
    return this;
  }

  /**
   * Waits for the request with this index, counted from 0.
   * @throws DeadlineError if it does not come within `deadlineMs` milliseconds
   */
  request(index: number, deadlineMs = 10_000): Promise<RecordedRequest> {
    return eventually(() => this.requests[index], { within: deadlineMs, message: `upstream request ${index}` });
  }

  /**
   * Checks that there are no faults.
   * @throws Error that lists all faults
   */
  assertClean(): void {
    const left = this.#queue.length;
    const faults = left === 0 ? this.faults : [...this.faults, `${left} queued script(s) were never asked for`];
    if (faults.length > 0) throw new Error(`The scripted upstream has faults:\n- ${faults.join('\n- ')}`);
  }

  /**
   * Cuts all open responses and frees the port.
   * @throws Error that lists all faults
   */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const response of this.#responses) response.cut('hang-up');
    this.#server.closeAllConnections();
    await closed;
    await Promise.all(this.#playing);
    this.assertClean();
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAt = performance.now();
    const { method = '', url: path = '' } = incoming;
    const body = await readText(incoming).catch(() => undefined);
    if (body === undefined) return; // The client left before it had sent the whole request.
    const parsed = readBody(body);
    if (method !== 'POST' || path !== this.path || parsed === undefined) {
      const fault = `${method} ${path} is not a POST of a chat completion request to ${this.path}: ${body.slice(0, 200)}`;
      this.faults.push(fault);
      response.writeHead(400, { 'content-type': 'application/json', 'x-should-retry': 'false' });
      response.end(JSON.stringify(errorBody(fault)));
      return;
    }
    const request = new RecordedRequest(this.requests.length, method, path, incoming.headers, parsed, startedAt);
    const scripted = new ScriptedResponse(response, request);
    this.requests.push(request);
    this.#responses.add(scripted);
    this.mostOpen = Math.max(this.mostOpen, this.open);
    void request.closed.then(() => this.#responses.delete(scripted));
    await this.#play(request, scripted);
  }

  async #play(request: RecordedRequest, response: ScriptedResponse): Promise<void> {
    try {
      await new Player(response, request).play(this.#takeSteps(request));
    } catch (error) {
      if (response.signal.aborted) return;
      this.faults.push(`The script for request ${request.index} failed: ${ensureError(error).stack}`);
      response.cut('hang-up');
    }
  }

  #takeSteps(request: RecordedRequest): readonly Step[] {
    const steps = this.#queue.shift() ?? (this.#always && [this.#always(request)].flat());
    if (steps !== undefined) {
      assertPlayable(steps);
      return steps;
    }
    const fault = `Request ${request.index} (model "${request.body.model}") came unscripted`;
    this.faults.push(fault);
    return [httpError(500, errorBody(fault), { 'x-should-retry': 'false' })];
  }
}

/** @returns undefined if it is not a chat completion request */
function readBody(text: string): RecordedBody | undefined {
  try {
    const body = JSON.parse(text) as Partial<RecordedBody> | null;
    return typeof body?.model === 'string' && Array.isArray(body.messages) ? (body as RecordedBody) : undefined;
  } catch {
    return undefined;
  }
}
