import { getHeapStatistics } from 'node:v8';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AppConfig } from '../../config/index.js';
import { RateLimitedError } from '../../errors/index.js';
import { type AbortNotice, Clock } from '../../kernel/index.js';
import { Metrics } from '../../metrics/index.js';
import type { Caller } from '../caller.js';
import { makeOverloadedError } from './place-queue.js';

/** How long a client whose share is used up is asked to wait, in milliseconds. */
const RETRY_AFTER_MS = 2_000;

/** Memory that is set aside for one request, in bytes. */
export interface MemoryShare {
  readonly bytes: number;
  /** True if there was no room at first: the client may have left meanwhile. */
  readonly hasWaited: boolean;
  /**
   * Changes the amount: at once if it is less, or if there is room. A request that has to wait for more first gives back what it
   * has, so that no two requests wait for each other.
   * @returns undefined if it does not wait, which is nearly always: chunks of a body are then read without a pause
   * @throws as {@link BodyMemory.take} does
   */
  resize(bytes: number, signal: AbortNotice): Promise<void> | undefined;
  /** Gives all of it back. Later calls do nothing. */
  release(): void;
}

interface WaitingShare {
  readonly callerId: string;
  readonly bytes: number;
  readonly onTurn: () => void;
}

/**
 * Bounds the memory that the bodies of requests take in this process, from before they are read until their runs have ended: of all
 * requests together, and of each caller. A request that finds no room waits unread; the first one that fits goes next.
 */
@Injectable()
export class BodyMemory implements OnModuleInit {
  /** Most bytes for all bodies together. */
  readonly limit: number;
  /** Most bytes for the bodies of one caller. */
  readonly callerLimit: number;
  readonly #waiting = new Set<WaitingShare>();
  /** Bytes by caller, for callers that have any. */
  readonly #taken = new Map<string, number>();
  #total = 0;

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    private readonly adapterHost: HttpAdapterHost,
  ) {
    const { keys, keysFile, jwt, overload } = config.access;
    // The other half of the heap is for everything else, such as responses and the program itself.
    this.limit = overload.maxBodyMemory ?? Math.floor(getHeapStatistics().heap_size_limit / 2);
    const callersDiffer = keys.length > 0 || keysFile !== undefined || jwt !== undefined;
    const share = overload.maxBodyMemoryPerCaller ?? (callersDiffer ? Math.floor(this.limit / 2) : this.limit);
    this.callerLimit = Math.min(share, this.limit);
  }

  onModuleInit(): void {
    if ((this.adapterHost.httpAdapter as unknown) === undefined) return;
    this.metrics.showNumber({
      name: 'millrace_body_memory_bytes',
      help: 'Memory set aside for the bodies of requests that are read or answered, of MAX_BODY_MEMORY at most.',
      value: () => this.#total,
    });
    this.metrics.showNumber({
      name: 'millrace_waiting_bodies',
      help: 'Requests whose bodies wait to be read because MAX_BODY_MEMORY, or the share of their caller, is taken.',
      value: () => this.#waiting.size,
    });
  }

  /**
   * Takes memory for one request: at once, or when others have released theirs. The caller of this method must release
   * it.
   * @param bytes at most {@link callerLimit} is taken: a request that needs more has the whole share to itself
   * @param signal aborts when the client leaves
   * @throws OverloadedError if too many wait already, or the wait is too long, or a RateLimitedError if what is taken is
   *   the caller's own; a RunAbortedError if the client leaves
   */
  async take(caller: Caller, bytes: number, signal: AbortNotice): Promise<MemoryShare> {
    const share = new Share(this, caller);
    const turn = share.resize(bytes, signal);
    if (turn !== undefined) {
      share.hasWaited = true;
      await turn;
    }
    return share;
  }

  /**
   * Takes bytes for the caller if there is room.
   * @returns whether there was
   */
  tryTake({ id }: Caller, bytes: number): boolean {
    if (!this.#fits(id, bytes)) return false;
    this.#add(id, bytes);
    return true;
  }

  /** Waits for bytes and takes them for the caller; see {@link take}. */
  wait({ id }: Caller, bytes: number, signal: AbortNotice): Promise<void> {
    const { maxQueuedRuns, maxQueueWaitMs } = this.config.access.overload;
    if (this.#waiting.size >= maxQueuedRuns) throw makeOverloadedError('too many bodies wait to be read');
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiting.delete(waiting);
        limit.cancel();
        signal.removeEventListener('abort', onLeft);
      };
      const onLeft = (): void => {
        end();
        reject(signal.reason);
      };
      const waiting: WaitingShare = {
        callerId: id,
        bytes,
        onTurn: () => {
          end();
          resolve();
        },
      };
      const limit = this.clock.after(maxQueueWaitMs, () => {
        end();
        reject(
          this.callerLimit < this.limit && (this.#taken.get(id) ?? 0) + bytes > this.callerLimit
            ? makeShareTakenError()
            : makeOverloadedError('the memory for bodies is taken'),
        );
      });
      this.#waiting.add(waiting);
      if (signal.aborted) onLeft();
      else signal.addEventListener('abort', onLeft, { once: true });
    });
  }

  /** Gives bytes back: to waiting requests, if there are any. */
  giveBack({ id }: Caller, bytes: number): void {
    if (bytes === 0) return;
    this.#add(id, -bytes);
    for (const { callerId, bytes: wanted, onTurn } of this.#waiting) {
      if (this.#total >= this.limit) return;
      if (!this.#fits(callerId, wanted)) continue;
      this.#add(callerId, wanted);
      onTurn();
    }
  }

  #fits(id: string, bytes: number): boolean {
    return this.#total + bytes <= this.limit && (this.#taken.get(id) ?? 0) + bytes <= this.callerLimit;
  }

  #add(id: string, bytes: number): void {
    this.#total += bytes;
    const taken = (this.#taken.get(id) ?? 0) + bytes;
    if (taken > 0) this.#taken.set(id, taken);
    else this.#taken.delete(id);
  }
}

class Share implements MemoryShare {
  hasWaited = false;
  #bytes = 0;
  #isReleased = false;

  constructor(
    private readonly memory: BodyMemory,
    private readonly caller: Caller,
  ) {}

  get bytes(): number {
    return this.#bytes;
  }

  resize(wanted: number, signal: AbortNotice): Promise<void> | undefined {
    const bytes = Math.min(wanted, this.memory.callerLimit);
    const more = bytes - this.#bytes;
    if (more <= 0) {
      this.#bytes = bytes;
      this.memory.giveBack(this.caller, -more);
      return undefined;
    }
    if (this.memory.tryTake(this.caller, more)) {
      this.#bytes = bytes;
      return undefined;
    }
    const before = this.#bytes;
    this.#bytes = 0;
    this.memory.giveBack(this.caller, before);
    return this.memory.wait(this.caller, bytes, signal).then(() => {
      // The share was released while it waited.
      if (this.#isReleased) this.memory.giveBack(this.caller, bytes);
      else this.#bytes = bytes;
    });
  }

  release(): void {
    this.#isReleased = true;
    const bytes = this.#bytes;
    this.#bytes = 0;
    this.memory.giveBack(this.caller, bytes);
  }
}

function makeShareTakenError(): RateLimitedError {
  return new RateLimitedError(
    'The requests of this API key that are being read and answered are too large together. Try again when one has ended.',
    'requests',
    RETRY_AFTER_MS,
  );
}
