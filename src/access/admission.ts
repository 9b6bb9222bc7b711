import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AppConfig } from '../config/index.js';
import { RunAbortedError } from '../errors/index.js';
import { type AbortNotice, Clock } from '../kernel/index.js';
import { Metrics } from '../metrics/index.js';
import type { Usage } from '../protocol/index.js';
import type { Caller } from './caller.js';
import { type HeaderTarget, RateLimits, Slots } from './limits/index.js';
import { LoopWatch, type MemoryShare, overloaded, RunQueue } from './overload/index.js';
import { RareWarning } from './rare-warning.js';

/** The right to one run, and to read what is to be run. */
export interface Permit {
  /** Memory of the request's body: it is given back with the permit. */
  holds(memory: MemoryShare): void;
  /** There is nothing to run after all, through no fault of the request: it is not counted. Ends the permit. */
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

/** Lets requests in to be run: as many as limits and the machine allow. */
@Injectable()
export class Admission implements OnModuleInit, OnModuleDestroy {
  readonly #queue: RunQueue;
  readonly #loop: LoopWatch;
  readonly #warning: RareWarning;

  constructor(
    config: AppConfig,
    clock: Clock,
    private readonly limits: RateLimits,
    private readonly slots: Slots,
    private readonly metrics: Metrics,
    private readonly adapterHost: HttpAdapterHost,
  ) {
    this.#queue = new RunQueue(config.access.overload, clock);
    this.#loop = new LoopWatch(config.access.overload.maxEventLoopDelayMs, clock, () => this.#queue.isIdle);
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
   * Lets one request in, at once if nothing has to be asked or waited for. Whoever gets the permit must end it.
   * @param answer given `x-ratelimit-*` headers if limits hold for the caller, also when the request is refused
   * @param signal of the client that leaves
   * @throws RateLimitedError, OverloadedError, and RunAbortedError if the client leaves; the promise rejects with the same
   */
  admit(caller: Caller, answer: HeaderTarget, signal: AbortNotice): Permit | Promise<Permit> {
    this.#loop.wake();
    if (this.#loop.isBehind) throw this.#refusal('the event loop is behind');
    // Before anything is counted that would not be had.
    if (this.#queue.isFull) throw this.#refusal('the queue is full');
    const giveBack = this.slots.take(caller);
    const areLimited = this.limits.holdFor(caller);
    try {
      const turn = areLimited ? this.#limited(caller, answer, signal) : this.#queue.enter(signal);
      const permit = this.#permit(caller, areLimited, giveBack);
      if (turn === undefined) return permit;
      return turn.then(
        () => permit,
        (error: unknown) => {
          giveBack?.();
          throw error;
        },
      );
    } catch (error) {
      giveBack?.();
      throw error;
    }
  }

  async #limited(caller: Caller, answer: HeaderTarget, signal: AbortNotice): Promise<void> {
    await this.limits.take(caller, answer);
    if (signal.aborted) throw new RunAbortedError('client_disconnected');
    await this.#queue.enter(signal);
  }

  #permit(caller: Caller, areLimited: boolean, giveBack: (() => void) | undefined): Permit {
    let hasEnded = false;
    let held: MemoryShare | undefined;
    const leave = (): boolean => {
      if (hasEnded) return false;
      hasEnded = true;
      giveBack?.();
      held?.release();
      this.#queue.leave();
      return true;
    };
    return {
      estimatesTokens: areLimited && this.limits.holdForTokens(caller),
      holds: (memory) => {
        if (hasEnded) memory.release();
        else held = memory;
      },
      cancel: () => {
        if (leave() && areLimited) void this.limits.takeBack(caller);
      },
      end: (usage, untoldTokens = 0) => {
        if (!leave()) return;
        const tokens = (usage?.total_tokens ?? 0) + untoldTokens;
        // Never rejects: what cannot be counted in Redis is counted here.
        if (areLimited && Number.isFinite(tokens) && tokens > 0) void this.limits.charge(caller, tokens);
      },
    };
  }

  #refusal(reason: string): Error {
    this.#warning.warn(`Requests are refused: ${reason}`);
    return overloaded(reason);
  }
}
