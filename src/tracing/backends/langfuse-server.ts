import type { Clock } from '../../kernel/index.js';
import { tryParseJson } from '../../kernel/index.js';

/** Where a Langfuse server is, and the keys of a project on it. */
export interface LangfuseAccess {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly publicKey: string;
  readonly secretKey: string;
}

/** The result of a check of the keys. */
type KeyCheck =
  | { readonly result: 'accepted'; readonly project: string }
  | { readonly result: 'refused' }
  | { readonly result: 'unknown'; readonly why: string };

/** Time limit of each request, in milliseconds. */
const TIMEOUT_MS = 3_000;

/** Asks a Langfuse server for its version and about the keys. Never rejects. */
export class LangfuseServer {
  readonly #access: LangfuseAccess;
  readonly #clock: Clock;

  constructor(access: LangfuseAccess, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  /** Asks for the version, such as `4.16.0`; undefined if the server does not say. */
  async readVersion(): Promise<string | undefined> {
    const response = await this.#get('/api/public/health', {});
    const { version } = readFields(response?.body);
    return typeof version === 'string' ? version : undefined;
  }

  /** Asks whether the server accepts the keys. */
  async checkKeys(): Promise<KeyCheck> {
    const response = await this.#get('/api/public/projects', { authorization: makeBasicAuthorization(this.#access) });
    if (response === undefined) return { result: 'unknown', why: 'it cannot be reached' };
    if (response.status === 401 || response.status === 403) return { result: 'refused' };
    if (response.status !== 200) return { result: 'unknown', why: `it answered with status ${response.status}` };
    const { data } = readFields(response.body);
    if (!Array.isArray(data)) return { result: 'unknown', why: 'the server there is not Langfuse' };
    const { name } = readFields(data[0]);
    return { result: 'accepted', project: typeof name === 'string' ? name : '-' };
  }

  /** @returns undefined if no response came */
  async #get(
    path: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly body: unknown } | undefined> {
    const timeout = new AbortController();
    const timer = this.#clock.after(TIMEOUT_MS, () => timeout.abort());
    try {
      const url = `${this.#access.baseUrl}${path}`;
      const response = await fetch(url, { headers, redirect: 'manual', signal: timeout.signal });
      const text = await response.text();
      return { status: response.status, body: tryParseJson(text) };
    } catch {
      return undefined;
    } finally {
      timer.cancel();
    }
  }
}

/** Makes the `authorization` header with a project's keys. */
export function makeBasicAuthorization({ publicKey, secretKey }: LangfuseAccess): string {
  return `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString('base64')}`;
}

function readFields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
