import { ensureError } from '../../kernel/index.js';
import type { DefinitionFaults } from '../compile/definition-faults.js';
import { assertParametersTaken } from '../parameter-groups.js';
import type { CompiledWorkflow } from '../workflow-schema.js';
import type { WorkflowOptions } from '../workflow.decorator.js';
import { findNextSlot } from './schedule-slots.js';
import type { WorkflowSchedule } from './workflow-schedule.js';

/** Names of schedules, whether authors or clients make them. */
export const SCHEDULE_NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** Checks the schedules that a workflow declares. Code without types can pass anything. */
export async function checkSchedules(options: WorkflowOptions, faults: DefinitionFaults): Promise<void> {
  const { schedules = [], onlyAsStep = false } = options;
  const names = new Set<unknown>();
  for (const schedule of schedules) {
    const problem = findProblem(schedule, names) ?? (await findTimesProblem(schedule));
    if (problem !== undefined) {
      const fix = 'Correct @Workflow({ schedules: [{ name, pattern, timezone, input }] }).';
      faults.add('invalid_schedule', `its schedule "${schedule.name}": ${problem}.`, fix);
    }
    names.add(schedule.name);
  }
  if (schedules.length > 0 && onlyAsStep) {
    const fix = 'Leave one of the two out, or give a workflow around it the schedules.';
    faults.add('invalid_schedule', 'it has schedules, but only runs as a step of others.', fix);
  }
}

/** Checks that a workflow takes the parameters that its schedules send. */
export function checkScheduledParameters(workflow: CompiledWorkflow, faults: DefinitionFaults): void {
  for (const { name, parameters = {} } of workflow.schedules) {
    try {
      assertParametersTaken(parameters, workflow.id, workflow.takes);
    } catch (error) {
      faults.add('invalid_schedule', `its schedule "${name}": ${ensureError(error).message}`, 'Leave it out there.');
    }
  }
}

function findProblem(
  { name, pattern, timezone, input, messages, priority }: WorkflowSchedule,
  names: ReadonlySet<unknown>,
): string | undefined {
  if (typeof name !== 'string' || !SCHEDULE_NAME.test(name)) return 'a name is 1 to 64 letters, digits, dots and - _';
  if (typeof pattern !== 'string') return 'it has no pattern';
  if (timezone !== undefined && typeof timezone !== 'string') return 'its time zone is not a string';
  if (names.has(name)) return 'another one of this workflow has the same name';
  const isText = typeof input === 'string' && input !== '';
  const isConversation = Array.isArray(messages) && messages.length > 0;
  if (isText === isConversation) return 'it has to have either an input or messages';
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= 0 && priority <= 9)) {
    return 'its priority is not a whole number from 0 to 9';
  }
  return undefined;
}

async function findTimesProblem({ pattern, timezone = 'UTC' }: WorkflowSchedule): Promise<string | undefined> {
  try {
    await findNextSlot({ pattern, timezone }, 0);
    return undefined;
  } catch (error) {
    return ensureError(error).message;
  }
}
