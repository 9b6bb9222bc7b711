/** What makes a schedule another one. */
export interface ScheduleId {
  /** Id of the caller that it belongs to. */
  readonly owner: string;
  /** One owner has it once. */
  readonly id: string;
}

/** A schedule as it is kept. */
export interface KeptSchedule extends ScheduleId {
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  /** JSON that the store does not look into. */
  readonly json: string;
  /** When it is due, in milliseconds since the Unix epoch; undefined: not until somebody changes it. */
  readonly next: number | undefined;
  /** JSON of why its last time began no run; undefined: it did, or there was none. */
  readonly fault: string | undefined;
}

/**
 * Where schedules are kept. It knows when each is due, and nothing else of it. Every method rejects with an OverloadedError while the
 * store is away.
 */
export abstract class ScheduleStore {
  /**
   * Keeps a schedule, in place of one with the same id. One that says the same stays due when it was, with its fault.
   * @param most schedules of one owner
   * @returns as it is kept now; undefined if the owner has as many others
   */
  abstract put(schedule: KeptSchedule, most: number): Promise<KeptSchedule | undefined>;

  /** @returns undefined if the owner has none of this id */
  abstract find(schedule: ScheduleId): Promise<KeptSchedule | undefined>;

  /** All of one owner, by their ids. */
  abstract list(owner: string): Promise<readonly KeptSchedule[]>;

  /** @returns false if the owner has none of this id */
  abstract remove(schedule: ScheduleId): Promise<boolean>;

  /**
   * Those that are due, the longest due first.
   * @param now milliseconds since the Unix epoch
   * @param skip so many of them are left out
   */
  abstract findDue(now: number, limit: number, skip: number): Promise<readonly KeptSchedule[]>;

  /** When the next one is due, in milliseconds since the Unix epoch; undefined: none is. */
  abstract findNext(): Promise<number | undefined>;

  /**
   * It was due, and is due again later. Does nothing if somebody has said so before.
   * @param schedule with the fault that it has from now on
   * @param from when it was due
   */
  abstract advance(schedule: Advance, from: number, next: number | undefined): Promise<void>;
}

/** A schedule, and what became of the time at which it was due. */
export type Advance = ScheduleId & Pick<KeptSchedule, 'fault'>;

/** A row of the table `schedules`, which is the same in all databases. */
export function readSchedule(row: Readonly<Record<string, unknown>>): KeptSchedule {
  const { next, fault } = row;
  return {
    owner: String(row['owner']),
    id: String(row['id']),
    createdAt: Number(row['created']),
    json: String(row['json']),
    next: next === null || next === undefined ? undefined : Number(next),
    fault: typeof fault === 'string' ? fault : undefined,
  };
}
