import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AppConfig } from '../config/index.js';
import { type AbortNotice, Clock, type JsonObject } from '../kernel/index.js';
import { Metrics } from '../metrics/index.js';
import type { Usage } from '../models/index.js';
import type { QueuedAdmission } from '../runs/index.js';
import { Caller } from './caller.js';
import { type CountedRequest, type HeaderTarget, RateLimits, ConcurrencyLimit } from './limits/index.js';
import { LoopWatch, type MemoryShare, makeOverloadedError, PlaceQueue } from './overload/index.js';
import { RareWarning } from './rare-warning.js';

/** What stays of an admission when its process ends. */
interface KeptAdmission extends Pick<Caller, 'id' | 'limits'> {
  readonly estimatesTokens: boolean;
  /** True if the request was counted, so that its tokens are, too. */
  readonly isCounted: boolean;
}

const NO_LIMITS: Caller['limits'] = { requestsPerMinute: 0, tokensPerMinute: 0, concurrentStreams: 0 };

/** A {@link KeptAdmission} without what is 0 or false: it is kept with each run. */
function writeAdmission({ id, limits, estimatesTokens, isCounted }: KeptAdmission): JsonObject {
  const set = Object.entries(limits).filter(([, limit]) => limit > 0);
  return {
    id,
    ...(set.length > 0 && { limits: Object.fromEntries(set) }),
    ...(estimatesTokens && { estimatesTokens }),
    ...(isCounted && { isCounted }),
  };
}

function readAdmission(kept: JsonObject): KeptAdmission {
  const { limits, ...rest } = kept as unknown as Partial<KeptAdmission> & Pick<KeptAdmission, 'id'>;
  return { estimatesTokens: false, isCounted: false, ...rest, limits: { ...NO_LIMITS, ...limits } };
}

/** What the admissions of all requests share. */
interface AdmissionDesk {
  readonly queue: PlaceQueue;
  readonly limits: RateLimits;
  /** Notes that an admission has ended. */
  readonly close: () => void;
  readonly charge: (caller: Caller, usage: Usage | undefined, unreportedTokens: number | undefined) => void;
  readonly detach: (
    caller: Caller,
    estimatesTokens: boolean,
    counted: readonly CountedRequest[] | undefined,
  ) => QueuedAdmission;
}

/** The admission of one request: it may be read, and run once there is a place. */
export class RequestAdmission {
  /** Whether tokens are limited, so that those that no upstream reports must be estimated. */
  readonly estimatesTokens: boolean;
  readonly #desk: AdmissionDesk;
  readonly #caller: Caller;
  readonly #giveBack: (() => void) | undefined;
  readonly #counted: readonly CountedRequest[] | undefined;
  #hasEnded = false;
  #hasPlace = false;
  #held: MemoryShare | undefined;

  /** @param counted where the request was counted; undefined: the caller has no limits */
  constructor(
    desk: AdmissionDesk,
    caller: Caller,
    giveBack: (() => void) | undefined,
    counted: readonly CountedRequest[] | undefined,
  ) {
    this.#desk = desk;
    this.#caller = caller;
    this.#giveBack = giveBack;
    this.#counted = counted;
    this.estimatesTokens = counted !== undefined && desk.limits.limitsTokens(caller);
  }

  /** Ties the memory of the request's body to the admission: it is released when the admission ends. */
  hold(memory: MemoryShare): void {
    if (this.#hasEnded) memory.release();
    else this.#held = memory;
  }

  /**
   * Takes a place among the runs: at once (then it returns undefined), or when one is free. The place is given back
   * when the admission ends. Call it only after the request was read to its end, for two reasons. Node notices that a
   * client leaves only while it reads. And a request that holds a place while it waits for memory could wait for one
   * that holds memory while it waits for a place.
   * @param signal aborts when the client leaves
   * @throws OverloadedError if too many wait already; the promise rejects with it if the wait is too long, and with a
   *   RunAbortedError if the client leaves
   */
  enter(signal: AbortNotice): Promise<void> | undefined {
    const turn = this.#desk.queue.enter(signal);
    if (turn !== undefined) return turn.then(() => this.#takePlace());
    this.#takePlace();
    return undefined;
  }

  /** Ends the admission of a request that needs no run after all. The request is not counted. */
  cancel(): void {
    if (this.#leave() && this.#counted !== undefined) void this.#desk.limits.takeBack(this.#counted);
  }

  /**
   * Ends the admission: the run is over, or was never started. Later calls do nothing.
   * @param usage what upstreams have reported; undefined: nothing
   * @param unreportedTokens tokens beyond that, by estimate
   */
  end(usage?: Usage, unreportedTokens?: number): void {
    if (this.#leave() && this.#counted !== undefined) this.#desk.charge(this.#caller, usage, unreportedTokens);
  }

  /**
   * Ends the admission of a request whose run continues without it: its memory and its place among the runs are
   * released.
   * @returns the admission of the run, which has its place elsewhere
   */
  detach(): QueuedAdmission {
    this.#leave();
    return this.#desk.detach(this.#caller, this.estimatesTokens, this.#counted);
  }

  #takePlace(): void {
    if (this.#hasEnded) this.#desk.queue.leave();
    else this.#hasPlace = true;
  }

  /** @returns false if it has ended before */
  #leave(): boolean {
    if (this.#hasEnded) return false;
    this.#hasEnded = true;
    this.#desk.close();
    this.#giveBack?.();
    this.#held?.release();
    if (this.#hasPlace) this.#desk.queue.leave();
    return true;
  }
}

/** Admits requests, first to be read and then to be run, as many as limits and the machine allow. */
@Injectable()
export class Admissions implements OnModuleInit, OnModuleDestroy {
  readonly #queue: PlaceQueue;
  readonly #loop: LoopWatch;
  readonly #warning: RareWarning;
  /** Admissions that have not ended. */
  #open = 0;
  readonly #desk: AdmissionDesk;

  constructor(
    config: AppConfig,
    clock: Clock,
    private readonly limits: RateLimits,
    private readonly concurrency: ConcurrencyLimit,
    private readonly metrics: Metrics,
    private readonly adapterHost: HttpAdapterHost,
  ) {
    this.#queue = new PlaceQueue(config.access.overload, clock);
    this.#loop = new LoopWatch(config.access.overload.maxEventLoopDelayMs, clock, () => this.#open === 0);
    this.#warning = new RareWarning(new Logger('Admission'), clock);
    this.#desk = {
      queue: this.#queue,
      limits,
      close: () => this.#open--,
      charge: (caller, usage, unreportedTokens) => this.#charge(caller, usage, unreportedTokens),
      detach: (caller, estimatesTokens, counted) =>
        this.#makeQueuedAdmission(caller, estimatesTokens, counted !== undefined, counted),
    };
  }

  onModuleInit(): void {
    if ((this.adapterHost.httpAdapter as unknown) === undefined) return;
    this.metrics.showNumber({
      name: 'millrace_queued_runs',
      help: 'Requests that wait because MAX_CONCURRENT_RUNS are open.',
      value: () => this.#queue.waiting,
    });
  }

  onModuleDestroy(): void {
    this.#loop.stop();
  }

  /**
   * Admits one request. The caller of this method must end the admission.
   * @param response gets `x-ratelimit-*` headers if the caller has limits, also when the request is refused
   * @param signal aborts when the client leaves
   * @throws RateLimitedError, OverloadedError; a RunAbortedError if the client leaves
   */
  async admit(caller: Caller, response: HeaderTarget, signal: AbortNotice): Promise<RequestAdmission> {
    this.#loop.wake();
    if (this.#loop.isBehind) throw this.#makeRefusalError('the event loop is behind');
    // Checked first, so that nothing is counted for a request that is refused anyway.
    if (this.#queue.isFull) throw this.#makeRefusalError('the queue is full');
    const giveBack = this.concurrency.take(caller);
    if (!this.limits.limitsCaller(caller)) return this.#makeAdmission(caller, giveBack);
    return this.#admitLimited(caller, response, signal, giveBack);
  }

  /**
   * Admits a run again that an earlier process has admitted. It is not counted as another request.
   * @param kept what its admission had, after a journey through JSON
   */
  readmit(kept: JsonObject): QueuedAdmission {
    const { id, limits, estimatesTokens, isCounted } = readAdmission(kept);
    return this.#makeQueuedAdmission(new Caller({ id, limits }), estimatesTokens, isCounted);
  }

  /** Makes what {@link readmit} needs for runs that a caller starts without a request, such as those of a schedule. */
  keep(caller: Caller): JsonObject {
    const { id, limits } = caller;
    const isCounted = this.limits.limitsCaller(caller);
    const estimatesTokens = isCounted && this.limits.limitsTokens(caller);
    return writeAdmission({ id, limits, estimatesTokens, isCounted });
  }

  async #admitLimited(
    caller: Caller,
    response: HeaderTarget,
    signal: AbortNotice,
    giveBack: (() => void) | undefined,
  ): Promise<RequestAdmission> {
    try {
      const counted = await this.limits.take(caller, response);
      signal.throwIfAborted();
      return this.#makeAdmission(caller, giveBack, counted);
    } catch (error) {
      giveBack?.();
      throw error;
    }
  }

  /** @param counted where the request was counted; undefined: the caller has no limits */
  #makeAdmission(
    caller: Caller,
    giveBack: (() => void) | undefined,
    counted?: readonly CountedRequest[],
  ): RequestAdmission {
    this.#open++;
    return new RequestAdmission(this.#desk, caller, giveBack, counted);
  }

  /** @param counted where the request was counted, if that was in this process */
  #makeQueuedAdmission(
    caller: Caller,
    estimatesTokens: boolean,
    isCounted: boolean,
    counted?: readonly CountedRequest[],
  ): QueuedAdmission {
    let giveBack: (() => void) | undefined;
    let state: 'waiting' | 'open' | 'ended' = 'waiting';
    const { id, limits } = caller;
    return {
      estimatesTokens,
      kept: writeAdmission({ id, limits, estimatesTokens, isCounted }),
      cancel: () => {
        if (state !== 'waiting') return;
        state = 'ended';
        if (counted !== undefined) void this.limits.takeBack(counted);
      },
      begin: () => {
        if (!this.concurrency.hasRoom(caller)) return false;
        giveBack = this.concurrency.take(caller);
        state = 'open';
        this.#open++;
        return true;
      },
      end: (usage, unreportedTokens) => {
        if (state === 'open') this.#open--;
        if (state === 'ended') return;
        state = 'ended';
        giveBack?.();
        if (isCounted) this.#charge(caller, usage, unreportedTokens);
      },
    };
  }

  #charge(caller: Caller, usage: Usage | undefined, unreportedTokens = 0): void {
    const tokens = (usage?.total_tokens ?? 0) + unreportedTokens;
    // Never rejects: what cannot be counted in Redis is counted here.
    if (Number.isFinite(tokens) && tokens > 0) void this.limits.charge(caller, tokens);
  }

  #makeRefusalError(reason: string): Error {
    this.#warning.warn(`Requests are refused: ${reason}`);
    return makeOverloadedError(reason);
  }
}
