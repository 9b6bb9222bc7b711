import { Logger } from '@nestjs/common';
import type pg from 'pg';
import { type Clock, describeError, settleInTime, type Timer } from '../../../kernel/index.js';
import type { PostgresDatabase } from './postgres-database.js';

const CHANNEL = 'millrace_runs';

/** PostgreSQL takes less than 8,000 bytes. */
const LONGEST_PAYLOAD = 7_900;

/**
 * Pause before a lost connection is made again, how often it is checked, and how long a reply may take. Milliseconds.
 */
const TRY_AGAIN_MS = 1_000;
const LOOK_EVERY_MS = 10_000;
const ANSWER_LIMIT_MS = 4_000;

const NOTIFY = `select pg_notify('${CHANNEL}', payload) from unnest($1::text[]) as payload`;

/**
 * Notifies other processes which runs have changed, and listens to their notifications: one connection listens for all
 * readers. The notifications are hints. A process that cannot listen, for example behind a transaction pooler, has to
 * poll.
 */
export class PostgresChanges {
  readonly #logger = new Logger('Store');
  readonly #database: PostgresDatabase;
  readonly #clock: Clock;
  readonly #sender: string;
  readonly #listeners: ((runs: readonly string[] | 'unknown') => void)[] = [];
  #changed = new Set<string>();
  #isSending = false;
  #isUsed = false;
  #isListening = false;
  #client: pg.Client | undefined;
  #timer: Timer | undefined;
  #hasReported = false;
  #isClosed = false;

  /** @param sender id of this process, which ignores its own notifications */
  constructor(database: PostgresDatabase, clock: Clock, sender: string) {
    this.#database = database;
    this.#clock = clock;
    this.#sender = sender;
  }

  /** Notifies of a commit to these runs. Never fails: a process that misses it polls later. */
  tell(runs: Iterable<string>): void {
    for (const run of runs) this.#changed.add(run);
    if (!this.#isSending && this.#changed.size > 0) void this.#send();
  }

  /** See `RunLogStore.watchChanges`. */
  watch(onChange: (runs: readonly string[] | 'unknown') => void): void {
    this.#listeners.push(onChange);
    this.#begin();
  }

  /** Called when the database is first used. Before that, listening opens no connection. */
  begin(): void {
    this.#isUsed = true;
    this.#begin();
  }

  #begin(): void {
    if (!this.#isUsed || this.#isListening || this.#listeners.length === 0) return;
    this.#isListening = true;
    void this.#listen();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  /**
   * Sent outside the commit, which would otherwise wait for those of all other processes. Changes made meanwhile go
   * with the next notification.
   */
  async #send(): Promise<void> {
    this.#isSending = true;
    while (this.#changed.size > 0) {
      const payloads = writePayloads(this.#sender, this.#changed);
      this.#changed = new Set();
      await this.#database.query(NOTIFY, [payloads]).catch(() => undefined);
    }
    this.#isSending = false;
  }

  async #listen(): Promise<void> {
    if (this.#isClosed) return;
    const client = this.#database.makeClient();
    this.#client = client;
    client.on('error', (error) => this.#lose(client, error));
    client.on('end', () => this.#lose(client, new Error('it was closed')));
    client.on('notification', ({ payload = '' }) => this.#hear(payload));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
    } catch (error) {
      this.#lose(client, error);
      return;
    }
    if (this.#client !== client) return;
    if (this.#hasReported) this.#logger.log('The connection that listens for changes of runs is back');
    this.#hasReported = false;
    this.#report('unknown');
    this.#lookLater(client);
  }

  /** Detects a connection that was cut without notice. */
  #lookLater(client: pg.Client): void {
    this.#timer = this.#clock.after(LOOK_EVERY_MS, () => {
      const reply = client.query('select 1').then(
        () => true,
        () => false,
      );
      void settleInTime(reply, this.#clock, ANSWER_LIMIT_MS, () => false).then((isThere) => {
        if (this.#client !== client) return;
        if (isThere) this.#lookLater(client);
        else this.#lose(client, new Error('it does not answer'));
      });
    });
  }

  #lose(client: pg.Client, error: unknown): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#timer?.cancel();
    void client.end().catch(() => undefined);
    if (this.#isClosed) return;
    if (!this.#hasReported) {
      this.#logger.warn(
        `The connection that listens for changes of runs is lost: ${describeError(error).message}. Until it is back, runs of other processes are polled once a second.`,
      );
    }
    this.#hasReported = true;
    this.#timer = this.#clock.after(TRY_AGAIN_MS, () => void this.#listen());
  }

  #hear(payload: string): void {
    const [sender, ...runs] = payload.split(',');
    if (sender !== this.#sender) this.#report(runs);
  }

  #report(runs: readonly string[] | 'unknown'): void {
    for (const onChange of this.#listeners) onChange(runs);
  }
}

function writePayloads(sender: string, runs: Iterable<string>): readonly string[] {
  const payloads: string[] = [];
  let payload = sender;
  for (const run of runs) {
    if (payload.length + 1 + run.length > LONGEST_PAYLOAD) {
      payloads.push(payload);
      payload = sender;
    }
    payload += `,${run}`;
  }
  payloads.push(payload);
  return payloads;
}
