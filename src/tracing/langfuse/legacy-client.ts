import { findErrorCode } from '../../kernel/index.js';
import { ExportError } from '../recording/finished-trace.js';
import { readRetryAfter } from '../recording/retry-after.js';
import type { LegacyEvent } from './legacy-events.js';

/** The address of Langfuse and the keys. */
export interface LegacyClientOptions {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly publicKey: string;
  readonly secretKey: string;
  /** Time limit of one request, in milliseconds. */
  readonly timeoutMs: number;
}

/** An event that Langfuse refused. */
export interface RefusedEvent {
  readonly id: string;
  /** Like the status of an HTTP response. */
  readonly status: number;
}

type Send = (batch: LegacyEvent[], signal: AbortSignal) => Promise<unknown>;

/**
 * The API client of the `langfuse` package without the package's queue, which is unbounded, serializes all waiting events for
 * each new one, and does not report refused events.
 */
export class LegacyClient {
  readonly #options: LegacyClientOptions;
  #loading: Promise<Send> | undefined;

  constructor(options: LegacyClientOptions) {
    this.#options = options;
  }

  /**
   * Sends one batch, once.
   * @returns the refused events
   * @throws ExportError if nothing was accepted; the signal's reason after an abort
   */
  async send(batch: LegacyEvent[], signal: AbortSignal): Promise<RefusedEvent[]> {
    const timeout = AbortSignal.timeout(this.#options.timeoutMs);
    this.#loading ??= loadPackage(this.#options);
    const send = await this.#loading;
    let response: unknown;
    try {
      response = await send(batch, AbortSignal.any([signal, timeout]));
    } catch (error) {
      this.#throwIfAborted(signal, timeout);
      throw toExportError(error);
    }
    // The package treats a body that broke off or is not JSON as an empty response.
    if (isIngestionResponse(response)) return response.errors;
    this.#throwIfAborted(signal, timeout);
    throw new ExportError(
      'Langfuse did not answer as its ingestion API does; check that LANGFUSE_BASE_URL leads to a Langfuse server',
      true,
    );
  }

  #throwIfAborted(signal: AbortSignal, timeout: AbortSignal): void {
    signal.throwIfAborted();
    if (timeout.aborted) throw new ExportError(`Langfuse did not answer within ${this.#options.timeoutMs} ms`, true);
  }
}

/** Loads the package when the first trace is sent: it takes about 10 ms and 2 MB, and most servers use OTLP. */
async function loadPackage({ baseUrl, publicKey, secretKey }: LegacyClientOptions): Promise<Send> {
  const { Langfuse } = await import('langfuse');
  const { api } = new Langfuse({
    baseUrl,
    publicKey,
    secretKey,
    // The package's queue is not used.
    enabled: false,
    // Otherwise the package reads the environment and prints warnings about it. The events carry their own values.
    environment: 'default',
    sampleRate: 1,
  });
  return (batch, signal) => api.ingestionBatch({ batch }, { signal });
}

/**
 * Makes an ExportError. The package throws the response itself if its status is bad, or the error of `fetch` if there is
 * none.
 */
function toExportError(error: unknown): ExportError {
  if (error instanceof Response) return makeStatusError(error.status, error.headers);
  const code = findErrorCode(error);
  return new ExportError(`Langfuse could not be reached${code === undefined ? '' : ` (${code})`}`, true);
}

function makeStatusError(status: number, headers: Headers): ExportError {
  if (status === 401 || status === 403) {
    return new ExportError(
      `Langfuse refused the keys (status ${status}); check LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY`,
      false,
    );
  }
  if (isTemporary(status)) {
    return new ExportError(`Langfuse answered with status ${status}`, true, readRetryAfter(headers));
  }
  return new ExportError(
    `Langfuse refused the request (status ${status}); check LANGFUSE_BASE_URL, or set LANGFUSE_INGESTION=otlp`,
    false,
  );
}

/** Whether the same request may be accepted later. */
export function isTemporary(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

function isIngestionResponse(response: unknown): response is { readonly errors: RefusedEvent[] } {
  return typeof response === 'object' && response !== null && 'errors' in response && Array.isArray(response.errors);
}
