import type { Request } from 'express';
import type { MonoTypeOperatorFunction } from 'rxjs';
import type { RunEvent } from '../../engine/index.js';
import type { Clock } from '../../kernel/index.js';
import { coalesce, mergeDeltas } from '../../streaming/index.js';
import { NODE_EVENTS_HEADER } from './node-events.js';

/** True if the client asks to be told what happens in the workflow. */
export function wantsNodeEvents(request: Pick<Request, 'get'>): boolean {
  return request.get(NODE_EVENTS_HEADER)?.trim().toLowerCase() === 'true';
}

/**
 * A run's events at the pace of a stream: text that comes faster than a client can use is joined, and what nobody asked for is
 * left out.
 * @param debounceMs least time between two pieces of text, in milliseconds, where a node has no window of its own
 * @param nodeEvents true if the client asked for node events
 */
export function paceRunEvents(
  clock: Clock,
  debounceMs: number,
  nodeEvents: boolean,
): MonoTypeOperatorFunction<RunEvent> {
  return coalesce({
    clock,
    isWanted: (event) => nodeEvents || !NEWS[event.type],
    chooseWindow: (event) => (event.type === 'delta' ? (event.debounceMs ?? debounceMs) : undefined),
    merge: mergeDeltaEvents,
  });
}

/** True for events that only clients see that asked for them; passing them on would break up text that can be joined. */
const NEWS: Readonly<Record<RunEvent['type'], boolean>> = {
  'run-started': false,
  'node-started': true,
  'node-progress': true,
  'route-taken': true,
  'model-identified': false,
  delta: false,
  // Its text is over: what is held of it is sent.
  'node-finished': false,
  'node-failed': true,
  'run-finished': false,
  'run-failed': false,
};

/** An event of which a node may have any number: only the newest counts for a client that is behind. */
export type RepeatedEvent = Extract<RunEvent, { type: 'node-progress' | 'model-identified' }>;

export function isRepeated(event: RunEvent): event is RepeatedEvent {
  return event.type === 'node-progress' || event.type === 'model-identified';
}

/** Keeps what is told of repeated events while a client is behind: the newest of each node and type. */
export class NewestEvents<T> {
  #newest: Map<string, T> | undefined;

  get isEmpty(): boolean {
    return this.#newest === undefined;
  }

  keep({ type, node }: Pick<RepeatedEvent, 'type' | 'node'>, told: T): void {
    const key = `${type} ${node}`;
    // Set anew, it is the last again: the numbers of events grow.
    const newest = (this.#newest ??= new Map());
    newest.delete(key);
    newest.set(key, told);
  }

  /** What was kept, in its order; nothing is kept of it any more. */
  take(): readonly T[] {
    if (this.#newest === undefined) return [];
    const newest = [...this.#newest.values()];
    this.#newest = undefined;
    return newest;
  }
}

/**
 * Text of one node and channel as one event; undefined for anything else, which keeps its place.
 */
export function mergeDeltaEvents(held: RunEvent, next: RunEvent): RunEvent | undefined {
  if (held.type !== 'delta' || next.type !== 'delta' || held.node !== next.node) return undefined;
  const delta = mergeDeltas(held.delta, next.delta);
  if (delta === undefined) return undefined;
  const { seq, node, debounceMs } = held;
  // Once per token where tokens come fast: a spread costs more than the rest.
  return debounceMs === undefined
    ? { type: 'delta', seq, node, delta }
    : { type: 'delta', seq, node, delta, debounceMs };
}
