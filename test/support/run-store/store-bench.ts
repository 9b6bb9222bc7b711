import type { Clock } from '../../../src/kernel/index.js';
import type { DocumentStore } from '../../../src/runs/index.js';
import type {
  ClaimedRun,
  Creation,
  LogBatch,
  LoggedEnding,
  NewLoggedRun,
  RunLogStore,
} from '../../../src/runs/store/run-log-store.js';
import { FakeClock } from '../fake-clock.js';

export const DAY_MS = 86_400_000;

/** A store that is open. */
export interface OpenStores {
  readonly logs: RunLogStore;
  /** What is kept beside the logs, in the same place. */
  readonly documents: DocumentStore;
  /** Removes what has expired, as the store does by itself from time to time. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

/** One adapter of the port, for one test after the other. */
export interface StoreAdapter {
  /** Opens what the test before has not seen; what this test has written is there when it opens again. */
  open(clock: Clock): OpenStores;
  /** True if the place of this test holds nothing at all. */
  isUntouched(): Promise<boolean>;
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** A store under test, and the short words of its cases. */
export class StoreBench {
  clock = new FakeClock();
  stores!: OpenStores;

  constructor(readonly adapter: StoreAdapter) {}

  get logs(): RunLogStore {
    return this.stores.logs;
  }

  async begin(): Promise<void> {
    await this.adapter.begin();
    this.clock = new FakeClock();
    this.stores = this.adapter.open(this.clock);
  }

  async end(): Promise<void> {
    await this.stores.close();
    await this.adapter.end();
  }

  /** The process ends, and another one begins. */
  async reopen(): Promise<void> {
    await this.stores.close();
    this.stores = this.adapter.open(this.clock);
  }

  create(id: string, more: Partial<NewLoggedRun> = {}): Promise<Creation> {
    return this.logs.create({
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
    });
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
