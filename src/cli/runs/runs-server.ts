import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseEnv } from 'node:util';
import { describeError, escapeControlsInLines, isJsonObject, type JsonObject } from '../../kernel/index.js';
import { SseParser } from '../../streaming/index.js';
import type { CliEnvironment } from '../cli-environment.js';
import { CliError, UsageError } from '../cli-error.js';

const DEFAULT_PORT = '8080';
/** Most bytes of one event: far more than the server puts into one. */
const LONGEST_EVENT = 16 * 1024 ** 2;
/**
 * Pauses before an interrupted stream is requested again, in milliseconds; after the last one it is given up. About a
 * minute.
 */
const PAUSES_MS = [200, 500, 1_000, 2_000, 5_000, 5_000, 10_000, 10_000, 10_000, 15_000];
/** Statuses of a server, or of a proxy before it, that may recover in a moment. */
const AWAY = new Set([429, 502, 503, 504]);

/** One event of a run, as the server sends it. */
export interface ServerEvent extends JsonObject {
  readonly type: string;
  /** Its number. */
  readonly n: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/** A running server, asked over HTTP: so it does not matter where its runs are kept. */
export class RunsServer {
  readonly #base: string;
  readonly #key: string | undefined;

  /**
   * @param url where it is; undefined: `MILLRACE_URL`, or else where a server with these variables listens
   * @throws UsageError if that is no address
   */
  constructor(url: string | undefined, { process }: CliEnvironment) {
    const file = join(process.cwd(), '.env');
    const variables = { ...(existsSync(file) && parseEnv(readFileSync(file, 'utf8'))), ...process.env };
    const given = url ?? (variables['MILLRACE_URL'] || `http://localhost:${variables['PORT'] || DEFAULT_PORT}`);
    if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol))
      throw new UsageError(`"${given}" is not the address of a server. Write it as http://localhost:${DEFAULT_PORT}.`);
    // Clients of the API are given the address with /v1.
    this.#base = given.replace(/\/+$/, '').replace(/\/v1$/, '');
    // Not OPENAI_API_KEY: that is the key of a model's provider, which no other server may see.
    this.#key = variables['MILLRACE_API_KEY'] || undefined;
  }

  /**
   * Asks for JSON.
   * @param path below `/v1`
   * @throws CliError with the server's message if it refuses, or if it does not respond
   */
  async ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<JsonObject> {
    const response = await this.#fetch(path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const json = await readJson(response);
    if (response.ok && json !== undefined) return json;
    throw this.#makeRefusalError(response, json);
  }

  /**
   * Reads the events of a run from the first one on, until it has ended. After a stream is cut off, reading continues
   * after its last event.
   * @returns whether it has completed
   * @throws CliError as {@link ask}
   */
  async follow(id: string, onEvent: (event: ServerEvent) => void): Promise<boolean> {
    let last: ServerEvent | undefined;
    for (let failures = 0; ; failures++) {
      const before = last;
      const cut = await this.#read(id, last?.n, (event) => {
        last = event;
        onEvent(event);
      });
      if (last?.type === 'run-finished' || last?.type === 'run-failed') return last.type === 'run-finished';
      if (last !== before) failures = 0;
      const pauseMs = PAUSES_MS[failures];
      // If nothing was read, the address may be wrong.
      if (last === undefined || pauseMs === undefined) throw cut ?? new CliError(`The stream of ${id} has no end.`);
      await pause(pauseMs);
    }
  }

  /** @returns why it cannot be read just now; undefined if the stream has come to an end */
  async #read(
    id: string,
    after: number | undefined,
    onEvent: (event: ServerEvent) => void,
  ): Promise<CliError | undefined> {
    try {
      const headers = after === undefined ? {} : { 'last-event-id': String(after) };
      const response = await this.#fetch(`/runs/${encodeURIComponent(id)}/events`, { headers });
      if (!response.ok) {
        const refusal = this.#makeRefusalError(response, await readJson(response));
        if (AWAY.has(response.status)) return refusal;
        throw new RefusedError(refusal);
      }
      const parser = new SseParser((data) => onEvent(JSON.parse(data) as ServerEvent), LONGEST_EVENT);
      for await (const bytes of response.body ?? []) parser.push(bytes as Uint8Array);
      return undefined;
    } catch (error) {
      if (error instanceof RefusedError) throw error.refusal;
      return error instanceof CliError ? error : new CliError(`The stream broke off: ${describeError(error).message}`);
    }
  }

  async #fetch(path: string, { headers = {}, ...init }: { readonly headers?: Record<string, string> } & RequestInit) {
    const authorization = this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` };
    try {
      return await fetch(`${this.#base}/v1${path}`, { ...init, headers: { ...authorization, ...headers } });
    } catch (error) {
      const { code, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
      throw new CliError(
        `No server answers at ${this.#base} (${code ?? message}). Start it, or say where it is by --url or MILLRACE_URL.`,
      );
    }
  }

  #makeRefusalError({ status }: Response, json: JsonObject | undefined): CliError {
    const error = json?.['error'];
    if (!isJsonObject(error) || typeof error['message'] !== 'string')
      return new CliError(`${this.#base} answered with status ${status}, and not as a server of Millrace does.`);
    const hint = status === 401 ? ' The key is read from MILLRACE_API_KEY.' : '';
    return new CliError(`${escapeControlsInLines(error['message'])}${hint}`);
  }
}

/** A server has refused a stream for good. */
class RefusedError extends Error {
  constructor(readonly refusal: CliError) {
    super(refusal.message);
  }
}

async function readJson(response: Response): Promise<JsonObject | undefined> {
  try {
    const json: unknown = JSON.parse(await response.text());
    return isJsonObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}
