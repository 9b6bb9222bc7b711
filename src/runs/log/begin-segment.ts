import type { Clock, IdSource } from '../../kernel/index.js';
import type { CompiledWait } from '../../workflow/index.js';
import type { ClaimedRun, RunLogStore } from '../store/run-log-store.js';
import type { RunPast } from './resume-run.js';
import type { RunDoor } from './run-door.js';

/** What {@link beginSegment} needs. */
interface SegmentParts {
  readonly claimed: ClaimedRun;
  readonly past: RunPast;
  /** The waits of its workflow. */
  readonly declared: readonly CompiledWait[];
  /** The door of the previous segment. */
  readonly door: RunDoor | undefined;
  readonly store: RunLogStore;
  readonly ids: Pick<IdSource, 'runId'>;
  readonly clock: Clock;
}

/** A run that continues without a request still gets a new segment, from the door of the previous one. */
export async function beginSegment({
  claimed: { run, waits },
  past: {
    resumed: { history },
    waitedAt,
  },
  declared,
  door,
  store,
  ids,
  clock,
}: SegmentParts): Promise<void> {
  const last = run.segments.at(-1);
  if (last === undefined || !history.isWaiting || last.from > waitedAt) return;
  // The run will fail; a client that answers late gets that failure.
  if (waits.some(({ node, answer }) => answer?.isExpired === true && !hasDefault(declared, node))) return;
  const outcomes = waits.flatMap(({ node, callId, answer }) =>
    answer === undefined || history.findWait(node) === undefined ? [] : [{ callId, answer }],
  );
  const id = `${door?.segmentPrefix ?? ''}${ids.runId()}`;
  const head = await door?.continueHead?.(run, { id, before: last.id, at: clock.now(), outcomes });
  if (head !== undefined) await store.addSegment({ id: run.id, epoch: run.epoch }, { id, head });
}

function hasDefault(declared: readonly CompiledWait[], node: string): boolean {
  return declared.some((wait) => wait.node === node && wait.hasDefault);
}
