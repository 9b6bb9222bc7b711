import { Injectable } from '@nestjs/common';
import type { Caller } from '../../../access/index.js';
import { AppConfig } from '../../../config/index.js';
import { InvalidRequestError, MillraceError, RequestInProgressError, RunAbortedError } from '../../../errors/index.js';
import { abortable, type AbortNotice, Clock, sha256, type Timer } from '../../../kernel/index.js';
import { ResponseMemory, type KeptRequest } from './response-memory.js';
import { type KeptResponse, keepFailure } from './kept-response.js';
import { SharedResponses } from './shared-responses.js';

/** How long a claim outlives its process at most, and how often one that lives renews it, in milliseconds. */
const CLAIM_MS = 30_000;
const RENEW_EVERY_MS = 10_000;
const RETRY_AFTER_MS = 1_000;
/** How long Redis may be away at the end of a run and still be told how it ended, in milliseconds. */
const SETTLE_WITHIN_MS = 10_000;

/** A request that may come more than once. */
export interface RepeatableRequest {
  readonly caller: Caller;
  /** Its `Idempotency-Key`. */
  readonly key: string;
  /** As parsed. */
  readonly body: unknown;
  /** Of the client that leaves. */
  readonly signal: AbortNotice;
  /** Gives the step that failed, if there are several, once answering has failed. */
  readonly failedNode: () => string | undefined;
}

/** An answer, and whether it was given before. */
export interface RepeatableResponse {
  readonly answer: KeptResponse;
  readonly isReplayed: boolean;
}

/** A request that is being answered in this process. */
interface Running {
  readonly fingerprint: string;
  /** What is kept of its answer. Never rejects. */
  readonly ended: Promise<KeptResponse | undefined>;
}

/** Gives a repeated request the answer that it got the first time. */
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
   * Answers a request, or repeats the answer that it got before. One that comes while the first is still being answered
   * waits for that; if the first fails for a passing reason, the next one takes its place.
   * @param answer answers it for the first time
   * @throws what `answer` throws; InvalidRequestError if the key came with another body before; RequestInProgressError if
   *   another replica is at it; RunAbortedError if the client leaves while it waits
   */
  async respond(request: RepeatableRequest, answer: () => Promise<KeptResponse>): Promise<RepeatableResponse> {
    const id = sha256(`${request.caller.id}\n${request.key}`);
    const fingerprint = sha256(JSON.stringify(request.body));
    for (;;) {
      const kept = this.#memory.get(id);
      if (kept !== undefined) return makeReplay(kept, fingerprint);
      const running = this.#running.get(id);
      if (running === undefined) return this.#first(id, fingerprint, request, answer);
      assertSame(running.fingerprint, fingerprint);
      const ended = await this.#waitForEnd(running, request.signal);
      if (ended !== undefined) return { answer: ended, isReplayed: true };
    }
  }

  async #waitForEnd({ ended }: Running, signal: AbortNotice): Promise<KeptResponse | undefined> {
    const answer = await abortable(ended, signal).catch(() => undefined);
    if (signal.aborted) throw new RunAbortedError('client_disconnected');
    return answer;
  }

  async #first(
    id: string,
    fingerprint: string,
    { failedNode }: RepeatableRequest,
    answer: () => Promise<KeptResponse>,
  ): Promise<RepeatableResponse> {
    let end: (kept: KeptResponse | undefined) => void = () => undefined;
    const ended = new Promise<KeptResponse | undefined>((resolve) => (end = resolve));
    this.#running.set(id, { fingerprint, ended });
    let kept: KeptResponse | undefined;
    try {
      const claim = await this.shared.claim(id, fingerprint, CLAIM_MS);
      if (claim.state === 'kept') {
        const replay = makeReplay(claim, fingerprint);
        kept = replay.answer;
        return replay;
      }
      if (claim.state === 'busy') {
        assertSame(claim.fingerprint, fingerprint);
        throw new RequestInProgressError({ retryAfterMs: RETRY_AFTER_MS });
      }
      const renewal = this.shared.isShared ? this.#renewal(id, fingerprint) : undefined;
      try {
        kept = await answer();
        return { answer: kept, isReplayed: false };
      } catch (error) {
        if (error instanceof MillraceError) kept = keepFailure(error, failedNode());
        throw error;
      } finally {
        renewal?.cancel();
        const request = kept && { fingerprint, answer: kept };
        if (request !== undefined) this.#memory.set(id, request);
        const isSettled = renewal === undefined || (await this.#settle(id, fingerprint, request));
        if (!isSettled) void this.#settleLater(id, fingerprint);
      }
    } finally {
      this.#running.delete(id);
      end(kept);
    }
  }

  #renewal(id: string, fingerprint: string): Timer {
    const timer = this.clock.after(RENEW_EVERY_MS, () => {
      void this.shared.renew(id, fingerprint, CLAIM_MS);
      timer.restart();
    });
    return timer;
  }

  /** Tells the other replicas how the claim ended. @returns false if that could not be told */
  #settle(id: string, fingerprint: string, kept: KeptRequest | undefined): Promise<boolean> {
    return kept === undefined ? this.shared.release(id, fingerprint) : this.shared.keep(id, kept, this.#ttlMs);
  }

  /**
   * Tells them once more when Redis is back: otherwise the claim would keep the request from all others, and then it would
   * run twice.
   */
  async #settleLater(id: string, fingerprint: string): Promise<void> {
    const isBack = await this.shared.whenBack(SETTLE_WITHIN_MS);
    // The replica that runs it now settles it.
    if (isBack && !this.#running.has(id)) await this.#settle(id, fingerprint, this.#memory.get(id));
  }
}

function makeReplay({ fingerprint, answer }: KeptRequest, asked: string): RepeatableResponse {
  assertSame(fingerprint, asked);
  return { answer, isReplayed: true };
}

function assertSame(fingerprint: string, asked: string): void {
  if (fingerprint === asked) return;
  throw new InvalidRequestError(
    'This Idempotency-Key was sent with another request body before. Use a new key for each new request.',
    { code: 'idempotency_key_reused' },
  );
}
