import { Logger } from '@nestjs/common';
import type pg from 'pg';
import { type Clock, describeError, settleInTime, type Timer } from '../../../kernel/index.js';
import type { PostgresDatabase } from './postgres-database.js';

const CHANNEL = 'millrace_runs';

/** PostgreSQL takes less than 8,000 bytes. */
const LONGEST_PAYLOAD = 7_900;

/** How soon a lost connection is made again, how often it is looked at, and how long an answer may take. Milliseconds. */
const TRY_AGAIN_MS = 1_000;
const LOOK_EVERY_MS = 10_000;
const ANSWER_LIMIT_MS = 4_000;

const NOTIFY = `select pg_notify('${CHANNEL}', payload) from unnest($1::text[]) as payload`;

/**
 * Tells other processes which runs have changed, and hears it from them: one connection listens, whatever the number of those who
 * want to know. It is a hint. A process that cannot listen, such as behind a pooler of transactions, has to look by itself.
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
  #hasTold = false;
  #isClosed = false;

  /** @param sender id of this process, which does not hear itself */
  constructor(database: PostgresDatabase, clock: Clock, sender: string) {
    this.#database = database;
    this.#clock = clock;
    this.#sender = sender;
  }

  /** Something of these runs is committed. Never fails: whoever does not hear it looks later. */
  tell(runs: Iterable<string>): void {
    for (const run of runs) this.#changed.add(run);
    if (!this.#isSending && this.#changed.size > 0) void this.#send();
  }

  /** See `RunLogStore.watchChanges`. */
  watch(onChange: (runs: readonly string[] | 'unknown') => void): void {
    this.#listeners.push(onChange);
    this.#begin();
  }

  /** The database is used now: before, a process that wants to hear of changes makes no connection. */
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

  /** Outside the commit, which would else wait for those of all other processes. What comes meanwhile goes with the next one. */
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
    if (this.#hasTold) this.#logger.log('Changes of runs are heard again');
    this.#hasTold = false;
    this.#report('unknown');
    this.#lookLater(client);
  }

  /** A connection that was cut without a word is found here. */
  #lookLater(client: pg.Client): void {
    this.#timer = this.#clock.after(LOOK_EVERY_MS, () => {
      const answer = client.query('select 1').then(
        () => true,
        () => false,
      );
      void settleInTime(answer, this.#clock, ANSWER_LIMIT_MS, () => false).then((isThere) => {
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
    if (!this.#hasTold) {
      this.#logger.warn(
        `The connection that hears of changes of runs is lost: ${describeError(error).message}. Until it is back, other processes’ runs are looked at once a second.`,
      );
    }
    this.#hasTold = true;
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
