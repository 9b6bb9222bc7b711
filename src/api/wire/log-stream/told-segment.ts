import type { LoggedRun } from '../../../runs/index.js';

/** What a client sees of a run under an id of its own: from one number of the log on, to where the run waits, or ends. */
export interface ToldSegment {
  readonly id: string;
  readonly run: LoggedRun;
  /** Number of its first event. */
  readonly from: number;
  /** What its door has kept to tell it, as JSON. */
  readonly head: string;
  /** True if no other one of its run comes behind it. */
  readonly isLast: boolean;
  /** True if nothing more of it will come. False for one whose run has gone on without an answer, too: its log tells. */
  readonly isOver: boolean;
}

/** A segment of a run. @returns undefined if it has none of this id */
export function findSegment(run: LoggedRun, id: string): ToldSegment | undefined {
  const index = run.segments.findIndex((segment) => segment.id === id);
  const segment = run.segments[index];
  if (segment === undefined) return undefined;
  const isLast = index === run.segments.length - 1;
  const isOver = !isLast || run.status === 'waiting' || run.ending !== undefined;
  return { id, run, from: segment.from, head: segment.head ?? run.head, isLast, isOver };
}

/**
 * Number of the first event that tells a segment: that of the one before it, which says what earlier segments had, if there are any.
 */
export function findFirstEvent({ from }: Pick<ToldSegment, 'from'>): number {
  return Math.max(0, from - 1);
}
