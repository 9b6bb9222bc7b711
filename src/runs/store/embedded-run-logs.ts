import { Injectable } from '@nestjs/common';
import { EmbeddedStore } from './embedded-store.js';
import {
  type ClaimedRun,
  type Creation,
  type LogBatch,
  type LoggedRun,
  type LogPage,
  type NewLoggedRun,
  type Repetition,
  type RequestIdentity,
  type RunAttempt,
  RunLogStore,
  type RunPage,
  type RunQuery,
} from './run-log-store.js';

/** The logs of runs in the store that needs nothing to be installed. Looking for what is not there makes no files. */
@Injectable()
export class EmbeddedRunLogs extends RunLogStore {
  constructor(private readonly store: EmbeddedStore) {
    super();
  }

  override get isOn(): boolean {
    return this.store.isOn;
  }

  override hasEarlier(): Promise<boolean> {
    return this.store.hasAny();
  }

  override create(run: NewLoggedRun): Promise<Creation> {
    return this.store.useRunLogs((logs) => logs.create(run));
  }

  override async findRepeated(owner: string, identity: RequestIdentity): Promise<Repetition | undefined> {
    return (await this.store.hasAny())
      ? this.store.useRunLogs((logs) => logs.findRepeated(owner, identity))
      : undefined;
  }

  override async claim(id: string): Promise<ClaimedRun | undefined> {
    return (await this.store.hasAny()) ? this.store.useRunLogs((logs) => logs.claim(id)) : undefined;
  }

  override async keepAlive(attempts: readonly RunAttempt[]): Promise<void> {
    await this.store.useRunLogs((logs) => logs.keepAlive(attempts));
  }

  override async release(attempts: readonly RunAttempt[]): Promise<void> {
    await this.store.useRunLogs((logs) => logs.release(attempts));
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

  override async append(batches: readonly LogBatch[]): Promise<readonly boolean[]> {
    const kept = await this.store.useRunLogs((logs) => logs.append(batches));
    kept.forEach((isKept, place) => {
      if (isKept) this.store.taken.events += batches[place]?.events.length ?? 0;
    });
    return kept;
  }

  override async read(id: string, from: number): Promise<LogPage | undefined> {
    return (await this.store.hasAny()) ? this.store.useRunLogs((logs) => logs.read(id, from)) : undefined;
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

  override async findRequest(id: string): Promise<string | undefined> {
    return (await this.store.hasAny()) ? this.store.useRunLogs((logs) => logs.findRequest(id)) : undefined;
  }

  override async listUnfinished(): Promise<readonly LoggedRun[]> {
    return (await this.store.hasAny()) ? this.store.useRunLogs((logs) => logs.listUnfinished()) : [];
  }

  override async remove(id: string, owner: string): Promise<boolean> {
    return (await this.store.hasAny()) && this.store.useRunLogs((logs) => logs.remove(id, owner));
  }
}
