/** @import { Reply, Plan } from './types.js' */
import { findSkipped } from './plan.js';
import { isOver } from './run-state.js';

/** @typedef {'waiting' | 'running' | 'done' | 'failed' | 'skipped'} StepState */

/**
 * Finds the state of each step of a run, by its path.
 * @param {Plan} plan
 * @param {Reply | undefined} reply undefined: nothing has been asked
 * @returns {Map<string, StepState>}
 */
export function findStepStates(plan, reply) {
  /** @type {Map<string, StepState>} */
  const states = new Map(plan.steps.map(({ path }) => [path, 'waiting']));
  if (reply === undefined) return states;
  const skipped = findSkipped(plan, reply.routes);
  for (const { path, kind } of plan.steps) {
    const lane = reply.lanes.find((each) => each.path === path);
    if (lane !== undefined) {
      states.set(path, lane.state === 'recovered' ? 'failed' : lane.state === 'stopped' ? 'skipped' : lane.state);
    } else if (kind === 'route' && reply.routes[path] !== undefined) states.set(path, 'done');
    else if (skipped.has(path) || (isOver(reply) && reply.state !== 'asking')) states.set(path, 'skipped');
  }
  return states;
}
