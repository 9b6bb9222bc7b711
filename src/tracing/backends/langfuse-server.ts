import type { Clock } from '../../kernel/index.js';

/** Where a Langfuse server is, and the keys of a project on it. */
export interface LangfuseAccess {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly publicKey: string;
  readonly secretKey: string;
}

/** What a server says of the keys. */
export type KeyCheck =
  | { readonly result: 'accepted'; readonly project: string }
  | { readonly result: 'refused' }
  | { readonly result: 'unknown'; readonly why: string };

/** Time limit of each question, in milliseconds. */
const TIMEOUT_MS = 3_000;

/** Questions that a Langfuse server answers about itself and the keys. Nothing here rejects. */
export class LangfuseServer {
  readonly #access: LangfuseAccess;
  readonly #clock: Clock;

  constructor(access: LangfuseAccess, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  /** Its version, such as `4.16.0`; undefined if it does not say. */
  async version(): Promise<string | undefined> {
    const answer = await this.#get('/api/public/health', {});
    const { version } = readFields(answer?.body);
    return typeof version === 'string' ? version : undefined;
  }

  async checkKeys(): Promise<KeyCheck> {
    const answer = await this.#get('/api/public/projects', { authorization: makeBasicAuthorization(this.#access) });
    if (answer === undefined) return { result: 'unknown', why: 'it cannot be reached' };
    if (answer.status === 401 || answer.status === 403) return { result: 'refused' };
    if (answer.status !== 200) return { result: 'unknown', why: `it answered with status ${answer.status}` };
    const { data } = readFields(answer.body);
    if (!Array.isArray(data)) return { result: 'unknown', why: 'what answered is no Langfuse' };
    const { name } = readFields(data[0]);
    return { result: 'accepted', project: typeof name === 'string' ? name : '-' };
  }

  /** @returns undefined if no answer came */
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
      return { status: response.status, body: parseJson(text) };
    } catch {
      return undefined;
    } finally {
      timer.cancel();
    }
  }
}

/** The `authorization` header with which a project's keys are shown. */
export function makeBasicAuthorization({ publicKey, secretKey }: LangfuseAccess): string {
  return `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString('base64')}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readFields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
