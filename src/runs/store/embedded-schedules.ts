import type { EmbeddedStore } from './embedded-store.js';
import { type Advance, type KeptSchedule, type ScheduleId, ScheduleStore } from './schedule-store.js';

/** Schedules in the embedded store. Looking for something that does not exist creates no files. */
export class EmbeddedSchedules extends ScheduleStore {
  constructor(private readonly store: EmbeddedStore) {
    super();
  }

  override put(schedule: KeptSchedule, most: number): Promise<KeptSchedule | undefined> {
    return this.store.useSchedules((schedules) => schedules.put(schedule, most));
  }

  override async find(schedule: ScheduleId): Promise<KeptSchedule | undefined> {
    return (await this.store.hasAny()) ? this.store.useSchedules((all) => all.find(schedule)) : undefined;
  }

  override async list(owner: string): Promise<readonly KeptSchedule[]> {
    return (await this.store.hasAny()) ? this.store.useSchedules((all) => all.list(owner)) : [];
  }

  override async remove(schedule: ScheduleId): Promise<boolean> {
    return (await this.store.hasAny()) && this.store.useSchedules((all) => all.remove(schedule));
  }

  override async findDue(now: number, limit: number, skip: number): Promise<readonly KeptSchedule[]> {
    return (await this.store.hasAny()) ? this.store.useSchedules((all) => all.findDue(now, limit, skip)) : [];
  }

  override async findNext(): Promise<number | undefined> {
    return (await this.store.hasAny()) ? this.store.useSchedules((all) => all.findNext()) : undefined;
  }

  override async advance(schedule: Advance, from: number, next: number | undefined): Promise<void> {
    await this.store.useSchedules((all) => all.advance(schedule, from, next));
  }
}
