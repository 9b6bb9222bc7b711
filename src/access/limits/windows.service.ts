import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/index.js';
import { REDIS_PREFIX, SharedStore } from '../shared/index.js';
import { LocalWindows } from './local-windows.js';
import { type Window, WINDOW_MS } from './window.js';

/**
 * Adds to the count unless the amount is 0, and returns the count and the time that is left. A window with more time than any can
 * have (the clock of Redis was set back, or another program wrote the key) begins anew: otherwise its caller would be
 * locked out.
 */
const COUNT = `
if ARGV[1] ~= '0' then redis.call('incrby', KEYS[1], ARGV[1]) end
local count = redis.call('get', KEYS[1])
if not count then return {0, 0} end
local left = redis.call('pttl', KEYS[1])
if left < 0 or left > tonumber(ARGV[2]) then
  redis.call('pexpire', KEYS[1], ARGV[2])
  left = tonumber(ARGV[2])
end
return {tonumber(count), left}
`;

/**
 * Counts in windows of one minute, each of which begins with its first count: in Redis, so that replicas count together, or in this
 * process if Redis is not configured, is away or refuses.
 */
@Injectable()
export class Windows {
  readonly #local: LocalWindows;

  constructor(
    clock: Clock,
    @Inject(SharedStore) private readonly store: Pick<SharedStore, 'works' | 'send'>,
  ) {
    this.#local = new LocalWindows(clock);
  }

  /** Counts, and returns the window with the new count. */
  async add(name: string, amount: number): Promise<Window> {
    return (await this.#ask('write', name, amount)) ?? this.#local.add(name, amount);
  }

  /** The window as it is now. */
  async get(name: string): Promise<Window> {
    // A full or read-only Redis counts nothing: what came in the meantime was counted here.
    const shared = this.store.works ? await this.#ask('read', name, 0) : undefined;
    return shared ?? this.#local.get(name);
  }

  async #ask(kind: 'read' | 'write', name: string, amount: number): Promise<Window | undefined> {
    const key = `${REDIS_PREFIX}:limits:${name}`;
    const sent = await this.store.send(kind, (redis) => redis.eval(COUNT, 1, key, amount, WINDOW_MS));
    return sent.state === 'done' ? readWindow(sent.value) : undefined;
  }
}

/** @returns undefined if the reply is not what the script returns */
function readWindow(reply: unknown): Window | undefined {
  const [count, left]: readonly unknown[] = Array.isArray(reply) ? reply : [];
  return typeof count === 'number' && typeof left === 'number' ? { count, resetMs: left } : undefined;
}
