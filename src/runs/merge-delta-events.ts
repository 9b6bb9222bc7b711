import type { RunEvent } from '../engine/index.js';
import { mergeDeltas } from '../streaming/index.js';

/**
 * Joins text of one node and channel into one event.
 * @returns undefined for anything else
 */
export function mergeDeltaEvents(held: RunEvent, next: RunEvent): RunEvent | undefined {
  if (held.type !== 'delta' || next.type !== 'delta' || held.node !== next.node) return undefined;
  const delta = mergeDeltas(held.delta, next.delta);
  if (delta === undefined) return undefined;
  const { seq, node, debounceMs } = held;
  // Called for each token where tokens come fast, so there is no spread: it would cost more than all the rest.
  return debounceMs === undefined
    ? { type: 'delta', seq, node, delta }
    : { type: 'delta', seq, node, delta, debounceMs };
}
