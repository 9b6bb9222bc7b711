import type { Clock } from '../../../src/kernel/index.js';
import type { DocumentStore } from '../../../src/runs/index.js';
import type { LogBatch } from '../../../src/runs/store/log-batch.js';
import type { Creation, LoggedEnding, LoggedRun, NewLoggedRun } from '../../../src/runs/store/logged-run.js';
import type { ClaimedRun, RunLogStore } from '../../../src/runs/store/run-log-store.js';
import type { ScheduleStore } from '../../../src/runs/store/schedule-store.js';
import { FakeClock } from '../fake-clock.js';

export const DAY_MS = 86_400_000;

/** A store that is open. */
export interface OpenStores {
  readonly logs: RunLogStore;
  /** The documents that are stored with the logs. */
  readonly documents: DocumentStore;
  readonly schedules: ScheduleStore;
  /** Removes what has expired, as the store does by itself from time to time. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

export type Settings = Readonly<Record<string, string>>;

/** When documents that were written at once expire. */
export const MUCH_LATER = 2 ** 50;

/** One adapter of the port, for one test after the other. */
export interface StoreAdapter {
  /** Opens what the test before has not seen; what this test has written is there when it opens again. */
  open(clock: Clock, settings?: Settings): OpenStores;
  /** Writes documents of the owner `a` at once: `d1`, `d2` …, the oldest first. No store is open meanwhile. */
  fill(count: number): Promise<void>;
  /** Ages leases by this many milliseconds, as measured by the store. */
  age(ms: number): Promise<void>;
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** In the past of every machine: a database has its own clock. */
const makeClock = (): FakeClock => new FakeClock(Date.UTC(2020, 0, 1));

/** A store under test, and the short words of its cases. */
export class StoreBench {
  clock = makeClock();
  stores!: OpenStores;
  readonly #others: OpenStores[] = [];

  constructor(readonly adapter: StoreAdapter) {}

  get logs(): RunLogStore {
    return this.stores.logs;
  }

  async begin(): Promise<void> {
    await this.adapter.begin();
    this.clock = makeClock();
    this.stores = this.adapter.open(this.clock);
  }

  async end(): Promise<void> {
    for (const stores of [this.stores, ...this.#others.splice(0)]) await stores.close();
    await this.adapter.end();
  }

  /** The process ends, and another one begins. */
  async reopen(settings?: Settings): Promise<void> {
    await this.stores.close();
    this.stores = this.adapter.open(this.clock, settings);
  }

  /** Has a process that has written documents, as {@link StoreAdapter.fill}, end, and another one begin. */
  async fill(count: number): Promise<void> {
    await this.stores.close();
    await this.adapter.fill(count);
    this.stores = this.adapter.open(this.clock);
  }

  /** Another process, on the same store. */
  openOther(): OpenStores {
    const other = this.adapter.open(this.clock);
    this.#others.push(other);
    return other;
  }

  /** Finds lost runs after so long that everyone who has not ended is lost. */
  async findLost(): Promise<readonly LoggedRun[]> {
    await this.adapter.age(60_000);
    return this.logs.findLost([], 'nobody');
  }

  makeRun(id: string, more: Partial<NewLoggedRun> = {}): NewLoggedRun {
    return {
      id,
      owner: 'a',
      door: 'd',
      workflow: 'w',
      workflowVersion: undefined,
      model: 'm',
      createdAt: this.clock.now(),
      runAt: this.clock.now(),
      priority: 5,
      metadata: {},
      admission: { id: 'a' },
      request: `{"of":"${id}"}`,
      head: `"${id}"`,
      ...more,
    };
  }

  create(id: string, more?: Partial<NewLoggedRun>): Promise<Creation> {
    return this.logs.create(this.makeRun(id, more));
  }

  claim(id: string): Promise<ClaimedRun | undefined> {
    return this.logs.claim(id, 'worker');
  }

  /** @returns for each batch whether it is in the log */
  async append(batches: readonly LogBatch[]): Promise<readonly boolean[]> {
    return (await this.logs.append(batches)).map(({ isKept }) => isKept);
  }

  makeBatch(run: string, first: number, count: number, more: Partial<LogBatch> = {}): LogBatch {
    const events = Array.from({ length: count }, (_, place) => JSON.stringify({ n: first + place }));
    return { run, epoch: 0, first, events, ...more };
  }

  makeEnding(more: Partial<LoggedEnding> = {}): LoggedEnding {
    return { status: 'completed', finishedAt: this.clock.now(), ...more };
  }

  async readAll(id: string, from = 0): Promise<readonly number[]> {
    const numbers: number[] = [];
    for (;;) {
      const page = await this.logs.read(id, from + numbers.length);
      if (page === undefined || page.events.length === 0) return numbers;
      numbers.push(...page.events.map((event) => (event as unknown as { n: number }).n));
    }
  }
}
