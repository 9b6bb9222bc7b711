import { readNumber } from '../read-column.js';
import {
  type Advance,
  type KeptSchedule,
  readSchedule,
  type ScheduleId,
  type ScheduleStore,
} from '../schedule-store.js';
import type { SqliteThread } from './sqlite-thread.js';

/** Schedules in a SQLite database. */
export class SqliteSchedules implements ScheduleStore {
  constructor(private readonly thread: SqliteThread) {}

  async put({ owner, id, createdAt, json, next = null }: Nullable, most: number): Promise<KeptSchedule | undefined> {
    const [rows] = await this.thread.transact([
      [
        `insert into schedules (owner, id, created, json, next)
         select ?1, ?2, ?3, ?4, ?5 where (select count(*) from schedules where owner = ?1 and id <> ?2) < ?6
         on conflict (owner, id) do update
         set next = case when schedules.json = excluded.json then schedules.next else excluded.next end,
           fault = case when schedules.json = excluded.json then schedules.fault end, json = excluded.json
         returning *`,
        [owner, id, createdAt, json, next, most],
      ],
    ]);
    return rows?.[0] && readSchedule(rows[0]);
  }

  async find({ owner, id }: ScheduleId): Promise<KeptSchedule | undefined> {
    const [rows] = await this.thread.transact([['select * from schedules where owner = ? and id = ?', [owner, id]]]);
    return rows?.[0] && readSchedule(rows[0]);
  }

  async list(owner: string): Promise<readonly KeptSchedule[]> {
    const [rows = []] = await this.thread.transact([['select * from schedules where owner = ? order by id', [owner]]]);
    return rows.map(readSchedule);
  }

  async remove({ owner, id }: ScheduleId): Promise<boolean> {
    const [rows = []] = await this.thread.transact([
      ['delete from schedules where owner = ? and id = ? returning id', [owner, id]],
    ]);
    return rows.length > 0;
  }

  async findDue(now: number, limit: number, skip: number): Promise<readonly KeptSchedule[]> {
    const [rows = []] = await this.thread.transact([
      ['select * from schedules where next <= ? order by next, owner, id limit ? offset ?', [now, limit, skip]],
    ]);
    return rows.map(readSchedule);
  }

  async findNext(): Promise<number | undefined> {
    const [rows] = await this.thread.transact([['select min(next) as next from schedules']]);
    return readNumber(rows?.[0]?.['next']);
  }

  async advance({ owner, id, fault }: Advance, from: number, next: number | undefined): Promise<void> {
    await this.thread.transact([
      [
        'update schedules set next = ?, fault = ? where owner = ? and id = ? and next = ?',
        [next ?? null, fault ?? null, owner, id, from],
      ],
    ]);
  }
}

type Nullable = Omit<KeptSchedule, 'next'> & { readonly next?: number | null | undefined };
