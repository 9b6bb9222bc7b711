import { Injectable } from '@nestjs/common';
import type { Caller } from '../../../access/index.js';
import { AppConfig } from '../../../config/index.js';
import {
  IdempotencyKeyReusedError,
  MillraceError,
  RequestInProgressError,
  RunAbortedError,
} from '../../../errors/index.js';
import { rejectOnAbort, type AbortNotice, Clock, sha256, type Timer } from '../../../kernel/index.js';
import { ResponseMemory, type ResponseEntry } from './response-memory.js';
import { type KeptResponse, keepFailure } from './kept-response.js';
import { SharedResponses } from './shared-responses.service.js';

/** How long a claim outlives its process at most, and how often a live process renews it, in milliseconds. */
const CLAIM_MS = 30_000;
const RENEW_EVERY_MS = 10_000;
const RETRY_AFTER_MS = 1_000;
/** How long Redis may be unavailable at the end of a run and still receive its outcome, in milliseconds. */
const SETTLE_WITHIN_MS = 10_000;

/** A request that may be repeated. */
interface RepeatableRequest {
  readonly caller: Caller;
  /** Its `Idempotency-Key`. */
  readonly key: string;
  /** As parsed. */
  readonly body: unknown;
  /** Aborts when the client leaves. */
  readonly signal: AbortNotice;
  /** Returns the failed step, once the first try has failed; undefined if there is only one step. */
  readonly readFailedNode: () => string | undefined;
}

/** A response, and whether it was given before. */
interface RepeatableResponse {
  readonly response: KeptResponse;
  readonly isReplayed: boolean;
}

/** A request that this process is working on. */
interface Running {
  readonly fingerprint: string;
  /** The stored form of its response. Never rejects. */
  readonly ended: Promise<KeptResponse | undefined>;
}

/** Gives a repeated request the response that it got the first time. */
@Injectable()
export class IdempotentResponses {
  readonly #memory: ResponseMemory;
  readonly #running = new Map<string, Running>();
  readonly #ttlMs: number;

  constructor(
    { access }: AppConfig,
    private readonly clock: Clock,
    private readonly shared: SharedResponses,
  ) {
    this.#memory = new ResponseMemory(access.idempotency, clock);
    this.#ttlMs = access.idempotency.ttlMs;
  }

  /**
   * Responds to a request, or repeats the response that it got before. A repetition that comes while the first is still
   * running waits for it; if the first fails for a passing reason, the next one takes its place.
   * @param run responds to it for the first time
   * @throws what `run` throws; IdempotencyKeyReusedError if the key came with another body before; RequestInProgressError if
   *   another replica is working on it; RunAbortedError if the client leaves while it waits
   */
  async respond(request: RepeatableRequest, run: () => Promise<KeptResponse>): Promise<RepeatableResponse> {
    const id = sha256(`${request.caller.id}\n${request.key}`);
    const fingerprint = sha256(JSON.stringify(request.body));
    for (;;) {
      const kept = this.#memory.get(id);
      if (kept !== undefined) return makeReplay(kept, fingerprint);
      const running = this.#running.get(id);
      if (running === undefined) return this.#respondFirst(id, fingerprint, request, run);
      assertSame(running.fingerprint, fingerprint);
      const ended = await this.#waitForEnd(running, request.signal);
      if (ended !== undefined) return { response: ended, isReplayed: true };
    }
  }

  async #waitForEnd({ ended }: Running, signal: AbortNotice): Promise<KeptResponse | undefined> {
    const response = await rejectOnAbort(ended, signal).catch(() => undefined);
    if (signal.aborted) throw new RunAbortedError('client_disconnected');
    return response;
  }

  async #respondFirst(
    id: string,
    fingerprint: string,
    { readFailedNode }: RepeatableRequest,
    run: () => Promise<KeptResponse>,
  ): Promise<RepeatableResponse> {
    let end: (kept: KeptResponse | undefined) => void = () => undefined;
    const ended = new Promise<KeptResponse | undefined>((resolve) => (end = resolve));
    this.#running.set(id, { fingerprint, ended });
    let kept: KeptResponse | undefined;
    try {
      const claim = await this.shared.claim(id, fingerprint, CLAIM_MS);
      if (claim.state === 'kept') {
        const replay = makeReplay(claim, fingerprint);
        kept = replay.response;
        return replay;
      }
      if (claim.state === 'busy') {
        assertSame(claim.fingerprint, fingerprint);
        throw new RequestInProgressError({ retryAfterMs: RETRY_AFTER_MS });
      }
      const renewal = this.shared.isShared ? this.#renewClaim(id, fingerprint) : undefined;
      try {
        kept = await run();
        return { response: kept, isReplayed: false };
      } catch (error) {
        if (error instanceof MillraceError) kept = keepFailure(error, readFailedNode());
        throw error;
      } finally {
        renewal?.cancel();
        const request = kept && { fingerprint, response: kept };
        if (request !== undefined) this.#memory.set(id, request);
        const isSettled = renewal === undefined || (await this.#settle(id, fingerprint, request));
        if (!isSettled) void this.#settleLater(id, fingerprint);
      }
    } finally {
      this.#running.delete(id);
      end(kept);
    }
  }

  #renewClaim(id: string, fingerprint: string): Timer {
    const timer = this.clock.after(RENEW_EVERY_MS, () => {
      void this.shared.renew(id, fingerprint, CLAIM_MS);
      timer.restart();
    });
    return timer;
  }

  /**
   * Stores the end of the claim for the other replicas.
   * @returns false if Redis is unavailable
   */
  #settle(id: string, fingerprint: string, kept: ResponseEntry | undefined): Promise<boolean> {
    return kept === undefined ? this.shared.release(id, fingerprint) : this.shared.keep(id, kept, this.#ttlMs);
  }

  /**
   * Stores it once Redis is back. Otherwise the claim would block the request on all replicas until it expires, and
   * then the request would run twice.
   */
  async #settleLater(id: string, fingerprint: string): Promise<void> {
    const isBack = await this.shared.waitForConnection(SETTLE_WITHIN_MS);
    // If the request runs again by now, that run settles it.
    if (isBack && !this.#running.has(id)) await this.#settle(id, fingerprint, this.#memory.get(id));
  }
}

function makeReplay({ fingerprint, response }: ResponseEntry, asked: string): RepeatableResponse {
  assertSame(fingerprint, asked);
  return { response, isReplayed: true };
}

function assertSame(fingerprint: string, asked: string): void {
  if (fingerprint !== asked) throw new IdempotencyKeyReusedError();
}
