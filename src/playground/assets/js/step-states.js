/** @import { Answer, Plan } from './types.js' */
import { findSkipped } from './plan.js';
import { isOver } from './run-state.js';

/** @typedef {'waiting' | 'running' | 'done' | 'failed' | 'skipped'} StepState */

/**
 * Finds the state of each step of a run, by its path.
 * @param {Plan} plan
 * @param {Answer | undefined} answer undefined: nothing has been asked
 * @returns {Map<string, StepState>}
 */
export function findStepStates(plan, answer) {
  /** @type {Map<string, StepState>} */
  const states = new Map(plan.steps.map(({ path }) => [path, 'waiting']));
  if (answer === undefined) return states;
  const skipped = findSkipped(plan, answer.routes);
  for (const { path, kind } of plan.steps) {
    const lane = answer.lanes.find((each) => each.path === path);
    if (lane !== undefined) {
      states.set(path, lane.state === 'recovered' ? 'failed' : lane.state === 'stopped' ? 'skipped' : lane.state);
    } else if (kind === 'route' && answer.routes[path] !== undefined) states.set(path, 'done');
    else if (skipped.has(path) || (isOver(answer) && answer.state !== 'asking')) states.set(path, 'skipped');
  }
  return states;
}
