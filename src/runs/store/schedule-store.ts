import { readNumber, readText } from './read-column.js';

/** Identifies a schedule. */
export interface ScheduleId {
  /** Id of the caller that it belongs to. */
  readonly owner: string;
  /** Unique for each owner. */
  readonly id: string;
}

/** A stored schedule. */
export interface KeptSchedule extends ScheduleId {
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  /** JSON that the store does not parse. */
  readonly json: string;
  /** Its next due time, in milliseconds since the Unix epoch; undefined: none until it is changed. */
  readonly next: number | undefined;
  /** JSON of why its last due time began no run; undefined: it did, or there was none. */
  readonly fault: string | undefined;
}

/**
 * Where schedules are stored. The store knows when each is due, and nothing else about it. Every method rejects with an
 * OverloadedError while the store is unavailable.
 */
export abstract class ScheduleStore {
  /**
   * Stores a schedule, in place of one with the same id. An unchanged schedule keeps its due time and its fault.
   * @param most limit of schedules for one owner
   * @returns the stored schedule; undefined if the owner has this many others
   */
  abstract put(schedule: KeptSchedule, most: number): Promise<KeptSchedule | undefined>;

  /** @returns undefined if the owner has none of this id */
  abstract find(schedule: ScheduleId): Promise<KeptSchedule | undefined>;

  /** All schedules of one owner, by their ids. */
  abstract list(owner: string): Promise<readonly KeptSchedule[]>;

  /** @returns false if the owner has none of this id */
  abstract remove(schedule: ScheduleId): Promise<boolean>;

  /**
   * Due schedules, the longest due first.
   * @param now milliseconds since the Unix epoch
   * @param skip how many of them to leave out
   */
  abstract findDue(now: number, limit: number, skip: number): Promise<readonly KeptSchedule[]>;

  /** The next due time of all schedules, in milliseconds since the Unix epoch; undefined: none. */
  abstract findNext(): Promise<number | undefined>;

  /**
   * Moves a schedule on to its next due time. Does nothing if another process has already done so.
   * @param schedule with its new fault
   * @param from when it was due
   */
  abstract advance(schedule: Advance, from: number, next: number | undefined): Promise<void>;
}

/** A schedule, and the outcome of its last due time. */
export type Advance = ScheduleId & Pick<KeptSchedule, 'fault'>;

/** A row of the table `schedules`, which is the same in all databases. */
export function readSchedule(row: Readonly<Record<string, unknown>>): KeptSchedule {
  const { next, fault } = row;
  return {
    owner: String(row['owner']),
    id: String(row['id']),
    createdAt: Number(row['created']),
    json: String(row['json']),
    next: readNumber(next),
    fault: readText(fault),
  };
}
