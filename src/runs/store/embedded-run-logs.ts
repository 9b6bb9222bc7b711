import type { EmbeddedStore } from './embedded-store.js';
import type { ExpiredWaits, KeptWait, NewAnswers, UnansweredWaits } from './kept-wait.js';
import type { AppendVerdict, LogBatch, RunAttempt, RunRelease } from './log-batch.js';
import type { Creation, LoggedRun, NewLoggedRun, Repetition, RequestIdentity } from './logged-run.js';
import {
  type ClaimedRun,
  type LogCursor,
  type LogPage,
  RunLogStore,
  type RunPage,
  type RunQuery,
  type WaitingRuns,
  type WorkerOffer,
} from './run-log-store.js';

/** The logs of runs in the embedded store. Looking for something that does not exist creates no files. */
export class EmbeddedRunLogs extends RunLogStore {
  override readonly isShared = false;
  /** The id of this process, the only one. */
  #offer: WorkerOffer = { graphs: [], workflows: [], doors: [] };

  constructor(private readonly store: EmbeddedStore) {
    super();
  }

  override get isOn(): boolean {
    return this.store.isOn;
  }

  override hasEarlier(): Promise<boolean> {
    return this.store.hasAny();
  }

  override canLast(): Promise<boolean> {
    return this.store.canLast();
  }

  override create(run: NewLoggedRun): Promise<Creation> {
    return this.store.useRunLogs((logs) => logs.create(run));
  }

  override async findRepeated(owner: string, identity: RequestIdentity): Promise<Repetition | undefined> {
    return (await this.store.hasAny())
      ? this.store.useRunLogs((logs) => logs.findRepeated(owner, identity))
      : undefined;
  }

  override async claim(id: string, _worker: string, wake?: number): Promise<ClaimedRun | undefined> {
    return (await this.store.hasAny()) ? this.store.useRunLogs((logs) => logs.claim(id, wake)) : undefined;
  }

  /** No other process has any. */
  override async isAtWork(): Promise<boolean> {
    return false;
  }

  override async keepAlive(attempts: readonly RunAttempt[]): Promise<readonly string[]> {
    return this.store.useRunLogs((logs) => logs.keepAlive(attempts));
  }

  override async release(attempts: readonly RunRelease[]): Promise<void> {
    await this.store.useRunLogs((logs) => logs.release(attempts));
  }

  override async addSegment(
    attempt: RunAttempt,
    segment: { readonly id: string; readonly head: string },
  ): Promise<void> {
    await this.store.useRunLogs((logs) => logs.addSegment(attempt, segment));
  }

  override async markCancelled(id: string): Promise<void> {
    await this.store.useRunLogs((logs) => logs.markCancelled(id));
  }

  override async pack(id: string): Promise<void> {
    await this.store.useRunLogs((logs) => logs.pack(id));
  }

  override watchLoss(onLost: () => void): void {
    this.store.watchLoss(onLost);
  }

  protected override write(batches: readonly LogBatch[]): Promise<readonly AppendVerdict[]> {
    return this.store.useRunLogs((logs) => logs.append(batches));
  }

  override async read(id: string, from: number): Promise<LogPage | undefined> {
    return (await this.store.hasAny()) ? this.store.useRunLogs((logs) => logs.read(id, from)) : undefined;
  }

  override async readMany(cursors: readonly LogCursor[]): Promise<ReadonlyMap<string, LogPage | undefined>> {
    const pages = cursors.map(async ({ id, from }) => [id, await this.read(id, from)] as const);
    return new Map(await Promise.all(pages));
  }

  /** No other process writes to it. */
  override watchChanges(): void {
    return;
  }

  override async find(id: string, owner: string): Promise<LoggedRun | undefined> {
    return (await this.store.hasAny()) ? this.store.useRunLogs((logs) => logs.find(id, owner)) : undefined;
  }

  override async list(query: RunQuery): Promise<RunPage | undefined> {
    if (await this.store.hasAny()) return this.store.useRunLogs((logs) => logs.list(query));
    return query.after === undefined ? { runs: [], hasMore: false } : undefined;
  }

  override async findOwner(id: string): Promise<string | undefined> {
    return (await this.store.hasAny()) ? this.store.useRunLogs((logs) => logs.findOwner(id)) : undefined;
  }

  override findSecret(name: string, fresh: string): Promise<string> {
    return this.store.useRunLogs((logs) => logs.findSecret(name, fresh));
  }

  override async answer(answers: NewAnswers): Promise<LoggedRun | undefined> {
    return (await this.store.hasAny()) ? this.store.useRunLogs((logs) => logs.answer(answers)) : undefined;
  }

  override async findWaits(run: string): Promise<readonly KeptWait[]> {
    return (await this.store.hasAny()) ? this.store.useRunLogs((logs) => logs.findWaits(run)) : [];
  }

  override async findRunOfCall(callId: string, owner: string): Promise<LoggedRun | undefined> {
    return (await this.store.hasAny()) ? this.store.useRunLogs((logs) => logs.findRunOfCall(callId, owner)) : undefined;
  }

  override async expireWaits(): Promise<ExpiredWaits> {
    const none = { runs: [], nextAt: undefined };
    return (await this.store.hasAny()) ? this.store.useRunLogs((logs) => logs.expireWaits()) : none;
  }

  override async findRequest(id: string): Promise<string | undefined> {
    return (await this.store.hasAny()) ? this.store.useRunLogs((logs) => logs.findRequest(id)) : undefined;
  }

  override async findLost(): Promise<readonly LoggedRun[]> {
    return (await this.store.hasAny()) ? this.store.useRunLogs((logs) => logs.listUnfinished()) : [];
  }

  override async beat(_worker: string, offer: WorkerOffer): Promise<void> {
    this.#offer = offer;
  }

  override async isOffered(kind: keyof WorkerOffer, name: string): Promise<boolean> {
    return this.#offer[kind].includes(name);
  }

  /** No other process reads from it. */
  override bindToReaders(): Promise<void> {
    return Promise.resolve();
  }

  override markRead(): Promise<void> {
    return Promise.resolve();
  }

  /** All readers are in this process. */
  override async findUnreadTime(id: string): Promise<number | undefined> {
    return (await this.store.useRunLogs((logs) => logs.isInWork(id))) ? Number.POSITIVE_INFINITY : undefined;
  }

  override async countQueued(owner: string): Promise<number> {
    return (await this.store.hasAny()) ? this.store.useRunLogs((logs) => logs.countQueued(owner)) : 0;
  }

  override async countWaiting(): Promise<WaitingRuns> {
    const none = { due: 0, dueSince: undefined };
    return (await this.store.hasAny()) ? this.store.useRunLogs((logs) => logs.countWaiting()) : none;
  }

  override async countOpenWaits(): Promise<UnansweredWaits> {
    const none = { open: 0, oldestAt: undefined };
    return (await this.store.hasAny()) ? this.store.useRunLogs((logs) => logs.countOpenWaits()) : none;
  }

  override async remove(id: string, owner: string): Promise<boolean> {
    return (await this.store.hasAny()) && this.store.useRunLogs((logs) => logs.remove(id, owner));
  }
}
