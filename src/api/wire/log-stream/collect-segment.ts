import type { LoggedEvent, LoggedRuns } from '../../../runs/index.js';
import { type ClientSegment, findFirstEvent } from './client-segment.js';
import { type LeftAdvice, readLog } from './read-log.js';
import type { WaitingClient } from './watch-reading.js';

/**
 * Builds a completion or a response from the events of a segment. It gets them in order, beginning with the event before
 * the segment.
 */
export interface SegmentCollector {
  /** True once it needs no more events. */
  readonly hasEnded: boolean;
  /** @param number of the event in its log */
  next(event: LoggedEvent, number: number): void;
}

/** The part of {@link WaitingClient} that a reader of a log needs, and what the client learns if it is left. */
type WaitingReader = Pick<WaitingClient, 'signal' | 'isRepeatable'> & Pick<LeftAdvice, 'advice'>;

/**
 * Collects a segment as one of the readers of its run, until the segment or the collector has ended.
 * @throws what {@link readLog} and the collector throw
 */
export async function collectSegment(
  runs: LoggedRuns,
  segment: ClientSegment,
  collector: SegmentCollector,
  { signal, isRepeatable, advice }: WaitingReader,
): Promise<void> {
  const from = findFirstEvent(segment);
  let number = from;
  for await (const events of readLog(runs, { id: segment.run.id, from, signal, left: { advice, isRepeatable } })) {
    for (const event of events) {
      collector.next(event, number++);
      if (collector.hasEnded) return;
    }
  }
}

/**
 * Collects the events that a segment has so far.
 * @throws what the collector throws; OverloadedError if the store is unavailable
 */
export async function collectSegmentSoFar(
  runs: LoggedRuns,
  segment: ClientSegment,
  collector: SegmentCollector,
): Promise<void> {
  let number = findFirstEvent(segment);
  for await (const event of runs.readSoFar(segment.run.id, number)) {
    collector.next(event, number++);
    if (collector.hasEnded) return;
  }
}
