import type { LoggedRun } from '../../../runs/index.js';

/**
 * The part of a run that a client sees under an id of its own: from one number of the log to where the run waits or
 * ends.
 */
export interface ClientSegment {
  readonly id: string;
  readonly run: LoggedRun;
  /** Number of its first event. */
  readonly from: number;
  /** The data that its door has stored for it, as JSON. */
  readonly head: string;
  /** True if it is the last segment of its run. */
  readonly isLast: boolean;
  /**
   * True if no more events of it will come. False also for a segment whose run has continued without an answer: its log
   * shows the end.
   */
  readonly isOver: boolean;
}

/**
 * A segment of a run.
 * @returns undefined if it has none of this id
 */
export function findSegment(run: LoggedRun, id: string): ClientSegment | undefined {
  const index = run.segments.findIndex((segment) => segment.id === id);
  const segment = run.segments[index];
  if (segment === undefined) return undefined;
  const isLast = index === run.segments.length - 1;
  const isOver = !isLast || run.status === 'waiting' || run.ending !== undefined;
  return { id, run, from: segment.from, head: segment.head ?? run.head, isLast, isOver };
}

/**
 * Number of the first event to read for a segment: the one before it, which has the totals of earlier segments, if
 * there are any.
 */
export function findFirstEvent({ from }: Pick<ClientSegment, 'from'>): number {
  return Math.max(0, from - 1);
}
