import { readNumber } from '../read-column.js';
import { type Advance, type KeptSchedule, readSchedule, type ScheduleId, ScheduleStore } from '../schedule-store.js';
import type { PostgresDatabase } from './postgres-database.js';

/** Schedules in a PostgreSQL database. */
export class PostgresSchedules extends ScheduleStore {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override put(schedule: KeptSchedule, most: number): Promise<KeptSchedule | undefined> {
    const { owner, id, createdAt, json, next } = schedule;
    return this.database.transact(async (session) => {
      const rows = await session.query(
        `insert into millrace.schedules (owner, id, created, json, next)
         select $1::text, $2::text, $3::bigint, $4::text, $5::bigint
         where (select count(*) from millrace.schedules where owner = $1 and id <> $2) < $6::bigint
         on conflict (owner, id) do update
         set next = case when schedules.json = excluded.json then schedules.next else excluded.next end,
           fault = case when schedules.json = excluded.json then schedules.fault end, json = excluded.json
         returning *`,
        [owner, id, createdAt, json, next ?? null, most],
      );
      return rows[0] && readSchedule(rows[0]);
    });
  }

  override find({ owner, id }: ScheduleId): Promise<KeptSchedule | undefined> {
    return this.database.transact(async (session) => {
      const rows = await session.query('select * from millrace.schedules where owner = $1 and id = $2', [owner, id]);
      return rows[0] && readSchedule(rows[0]);
    });
  }

  override list(owner: string): Promise<readonly KeptSchedule[]> {
    return this.database.transact(async (session) => {
      const rows = await session.query('select * from millrace.schedules where owner = $1 order by id collate "C"', [
        owner,
      ]);
      return rows.map(readSchedule);
    });
  }

  override remove({ owner, id }: ScheduleId): Promise<boolean> {
    return this.database.transact(async (session) => {
      const sql = 'delete from millrace.schedules where owner = $1 and id = $2 returning id';
      return (await session.query(sql, [owner, id])).length > 0;
    });
  }

  override findDue(now: number, limit: number, skip: number): Promise<readonly KeptSchedule[]> {
    return this.database.transact(async (session) => {
      const sql =
        'select * from millrace.schedules where next <= $1::bigint order by next, owner, id limit $2::int offset $3::int';
      return (await session.query(sql, [now, limit, skip])).map(readSchedule);
    });
  }

  override findNext(): Promise<number | undefined> {
    return this.database.transact(async (session) => {
      const [row] = await session.query('select min(next) as next from millrace.schedules');
      return readNumber(row?.['next']);
    });
  }

  override async advance({ owner, id, fault }: Advance, from: number, next: number | undefined): Promise<void> {
    const sql = `update millrace.schedules set next = $4::bigint, fault = $5::text
      where owner = $1 and id = $2 and next = $3::bigint returning id`;
    await this.database.transact((session) => session.query(sql, [owner, id, from, next ?? null, fault ?? null]));
  }
}
