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
  /** The documents in the same store. */
  readonly documents: DocumentStore;
  readonly schedules: ScheduleStore;
  /** Removes expired data, as the store does by itself from time to time. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

export type Settings = Readonly<Record<string, string>>;

/** The expiry of documents that {@link StoreAdapter.fill} writes. */
export const MUCH_LATER = 2 ** 50;

/** An adapter of the port, which the tests use one after the other. */
export interface StoreAdapter {
  /** Opens a store: an empty one for each test, and the same one again within a test. */
  open(clock: Clock, settings?: Settings): OpenStores;
  /** Writes the documents `d1`, `d2` … of the owner `a` in bulk, the oldest first, while no store is open. */
  fill(count: number): Promise<void>;
  /** Ages leases by this many milliseconds, as measured by the store. */
  age(ms: number): Promise<void>;
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** A clock in the past of every machine, to show that a database uses its own. */
const makeClock = (): FakeClock => new FakeClock(Date.UTC(2020, 0, 1));

/** A store under test, with short methods for its tests. */
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

  /** Closes the store, and opens it again as another process. */
  async reopen(settings?: Settings): Promise<void> {
    await this.stores.close();
    this.stores = this.adapter.open(this.clock, settings);
  }

  /** Closes the store, writes documents with {@link StoreAdapter.fill}, and opens it again as another process. */
  async fill(count: number): Promise<void> {
    await this.stores.close();
    await this.adapter.fill(count);
    this.stores = this.adapter.open(this.clock);
  }

  /** Opens the same store as another process. */
  openOther(): OpenStores {
    const other = this.adapter.open(this.clock);
    this.#others.push(other);
    return other;
  }

  /** Finds lost runs after so long a time that every run without an end is lost. */
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

  /** @returns whether each batch is in the log */
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
