import type { Request } from 'express';
import type { MonoTypeOperatorFunction } from 'rxjs';
import type { RunEvent } from '../../engine/index.js';
import type { Clock } from '../../kernel/index.js';
import { mergeDeltaEvents } from '../../runs/index.js';
import { coalesce } from '../../streaming/index.js';
import { NODE_EVENTS_HEADER } from './node-events.js';

/** Whether the client asks for node events. */
export function wantsNodeEvents(request: Pick<Request, 'get'>): boolean {
  return request.get(NODE_EVENTS_HEADER)?.trim().toLowerCase() === 'true';
}

/**
 * Paces a run's events for a stream: joins text that comes faster than a client can use it, and leaves out events that the client
 * did not ask for.
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
    isWanted: (event) => nodeEvents || !ONLY_NODE_EVENTS[event.type],
    chooseWindow: (event) => (event.type === 'delta' ? (event.debounceMs ?? debounceMs) : undefined),
    merge: mergeDeltaEvents,
  });
}

/** True for events that are only sent as node events. For other clients they are left out, as they would keep text from being joined. */
const ONLY_NODE_EVENTS: Readonly<Record<RunEvent['type'], boolean>> = {
  'run-started': false,
  'run-resumed': false,
  'node-restarted': false,
  'node-started': true,
  'node-progress': true,
  'route-taken': true,
  'model-identified': false,
  delta: false,
  // Passed on, so that text of the node that is held back is sent.
  'node-finished': false,
  'node-failed': true,
  'run-waiting': false,
  'run-continued': false,
  'run-retrying': false,
  'run-finished': false,
  'run-failed': false,
};

/** An event that a node may repeat any number of times: a client that is behind gets only the newest. */
export type RepeatedEvent = Extract<RunEvent, { type: 'node-progress' | 'model-identified' }>;

/** Whether a node may repeat this event any number of times. */
export function isRepeated(event: RunEvent): event is RepeatedEvent {
  return event.type === 'node-progress' || event.type === 'model-identified';
}

/** Keeps repeated events while a client is behind: the newest of each node and type. */
export class NewestEvents<T> {
  #newest: Map<string, T> | undefined;

  get isEmpty(): boolean {
    return this.#newest === undefined;
  }

  keep({ type, node }: Pick<RepeatedEvent, 'type' | 'node'>, told: T): void {
    const key = `${type} ${node}`;
    // Deleted first, so that it becomes the last: the sequence numbers must grow.
    const newest = (this.#newest ??= new Map());
    newest.delete(key);
    newest.set(key, told);
  }

  /** Returns what was kept, in order, and forgets it. */
  take(): readonly T[] {
    if (this.#newest === undefined) return [];
    const newest = [...this.#newest.values()];
    this.#newest = undefined;
    return newest;
  }
}
