import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AppConfig } from '../config/index.js';
import { type AbortNotice, Clock } from '../kernel/index.js';
import { Metrics } from '../metrics/index.js';
import type { Usage } from '../models/index.js';
import type { Caller } from './caller.js';
import { type CountedRequest, type HeaderTarget, RateLimits, ConcurrencyLimit } from './limits/index.js';
import { LoopWatch, type MemoryShare, makeOverloadedError, RunQueue } from './overload/index.js';
import { RareWarning } from './rare-warning.js';

/** The right to read one request, and to run it when there is a place. */
export interface Permit {
  /** Ties memory of the request's body to the permit: it is given back with it. */
  holds(memory: MemoryShare): void;
  /**
   * Takes a place among the runs, which is given back with the permit: at once (undefined), or when one is free. Call it
   * only after the request was read to its end, for two reasons: Node sees a client leave only while it reads; and a
   * request that waits for memory with a place, while others wait for a place with memory, would wait in vain.
   * @param signal of the client that leaves
   * @throws OverloadedError if too many wait already; the promise rejects with it if the wait is too long, and with a
   *   RunAbortedError if the client leaves
   */
  enter(signal: AbortNotice): Promise<void> | undefined;
  /** Nothing has to be run after all, through no fault of the request, so the request is not counted. Ends the permit. */
  cancel(): void;
  /** Whether tokens are limited, so that those which no upstream tells must be estimated. */
  readonly estimatesTokens: boolean;
  /**
   * The run is over, or has not been started. Later calls do nothing.
   * @param usage what it has used; undefined: nothing that anybody counted
   * @param untoldTokens what it has used beyond that, by estimate
   */
  end(usage?: Usage, untoldTokens?: number): void;
}

/** Lets requests in to be read, and to be run: as many as limits and the machine allow. */
@Injectable()
export class Admission implements OnModuleInit, OnModuleDestroy {
  readonly #queue: RunQueue;
  readonly #loop: LoopWatch;
  readonly #warning: RareWarning;
  /** Permits that have not ended. */
  #open = 0;

  constructor(
    config: AppConfig,
    clock: Clock,
    private readonly limits: RateLimits,
    private readonly slots: ConcurrencyLimit,
    private readonly metrics: Metrics,
    private readonly adapterHost: HttpAdapterHost,
  ) {
    this.#queue = new RunQueue(config.access.overload, clock);
    this.#loop = new LoopWatch(config.access.overload.maxEventLoopDelayMs, clock, () => this.#open === 0);
    this.#warning = new RareWarning(new Logger('Admission'), clock);
  }

  onModuleInit(): void {
    if ((this.adapterHost.httpAdapter as unknown) === undefined) return;
    this.metrics.show({
      name: 'millrace_queued_runs',
      help: 'Requests that wait because MAX_CONCURRENT_RUNS are open.',
      value: () => this.#queue.waiting,
    });
  }

  onModuleDestroy(): void {
    this.#loop.stop();
  }

  /**
   * Lets one request in. Whoever gets the permit must end it.
   * @param answer given `x-ratelimit-*` headers if limits hold for the caller, also when the request is refused
   * @param signal of the client that leaves
   * @throws RateLimitedError, OverloadedError; a RunAbortedError if the client leaves
   */
  async admit(caller: Caller, answer: HeaderTarget, signal: AbortNotice): Promise<Permit> {
    this.#loop.wake();
    if (this.#loop.isBehind) throw this.#makeRefusalError('the event loop is behind');
    // Checked before anything is counted for a request that is refused anyway.
    if (this.#queue.isFull) throw this.#makeRefusalError('the queue is full');
    const giveBack = this.slots.take(caller);
    if (!this.limits.holdFor(caller)) return this.#permit(caller, giveBack);
    return this.#limited(caller, answer, signal, giveBack);
  }

  async #limited(
    caller: Caller,
    answer: HeaderTarget,
    signal: AbortNotice,
    giveBack: (() => void) | undefined,
  ): Promise<Permit> {
    try {
      const counted = await this.limits.take(caller, answer);
      signal.throwIfAborted();
      return this.#permit(caller, giveBack, counted);
    } catch (error) {
      giveBack?.();
      throw error;
    }
  }

  /** @param counted where the request was counted; undefined: nothing limits the caller */
  #permit(caller: Caller, giveBack: (() => void) | undefined, counted?: readonly CountedRequest[]): Permit {
    let hasEnded = false;
    let hasPlace = false;
    let held: MemoryShare | undefined;
    this.#open++;
    const takePlace = (): void => {
      if (hasEnded) this.#queue.leave();
      else hasPlace = true;
    };
    const leave = (): boolean => {
      if (hasEnded) return false;
      hasEnded = true;
      this.#open--;
      giveBack?.();
      held?.release();
      if (hasPlace) this.#queue.leave();
      return true;
    };
    return {
      estimatesTokens: counted !== undefined && this.limits.holdForTokens(caller),
      holds: (memory) => {
        if (hasEnded) memory.release();
        else held = memory;
      },
      enter: (signal) => {
        const turn = this.#queue.enter(signal);
        if (turn !== undefined) return turn.then(takePlace);
        takePlace();
        return undefined;
      },
      cancel: () => {
        if (leave() && counted !== undefined) void this.limits.takeBack(counted);
      },
      end: (usage, untoldTokens = 0) => {
        if (!leave()) return;
        const tokens = (usage?.total_tokens ?? 0) + untoldTokens;
        // Never rejects: what cannot be counted in Redis is counted here.
        if (counted !== undefined && Number.isFinite(tokens) && tokens > 0) void this.limits.charge(caller, tokens);
      },
    };
  }

  #makeRefusalError(reason: string): Error {
    this.#warning.warn(`Requests are refused: ${reason}`);
    return makeOverloadedError(reason);
  }
}
