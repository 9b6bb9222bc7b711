import { isJsonObject } from '../kernel/index.js';
import type { OptionProblem } from './step-options.js';
import { type OptionForm, readOptions } from './read-options.js';
import type { WorkflowOptions } from './workflow.decorator.js';

const isText = (value: unknown): boolean => typeof value === 'string';
const isBoolean = (value: unknown): boolean => typeof value === 'boolean';

function isListWith(fits: (item: unknown) => boolean): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && value.every(fits);
}

function isAlias(value: unknown): boolean {
  return isText(value) || (isJsonObject(value) && isText(value['id']));
}

/** What each option of a workflow takes. Names, numbers and schedules are checked further where they are read. */
const FORMS: Readonly<Record<keyof WorkflowOptions, OptionForm>> = {
  id: ['a text', isText],
  aliases: ['a list of names, each a text or { id, streamByDefault }', isListWith(isAlias)],
  description: ['a text', isText],
  streamByDefault: ['true or false', isBoolean],
  onlyAsStep: ['true or false', isBoolean],
  concurrency: ['a whole number from 1', () => true],
  background: ['an object: { concurrency, retries, retryDelay }', isJsonObject],
  version: ['a text', isText],
  tracing: ['true or false', isBoolean],
  onChange: ["'resume' or 'fail'", () => true],
  schedules: ['a list: [{ name, pattern, timezone, input }]', isListWith(isJsonObject)],
  separator: ['a text', isText],
};

/**
 * The options that `@Workflow` was given, without those that cannot be used.
 * @param given as the author has written them
 * @param name the name of the class, which stands for an id that is missing
 */
export function checkWorkflowOptions(
  given: unknown,
  name: string,
): { readonly options: WorkflowOptions; readonly problems: readonly OptionProblem[] } {
  const { options, faults } = readOptions(given, FORMS);
  const problems = faults.map(({ problem, fix = `@Workflow takes ${Object.keys(FORMS).join(', ')}.` }) => ({
    code: 'invalid_options',
    problem,
    fix,
  }));
  const isReported = faults.some((fault) => fault.name === undefined || fault.name === 'id');
  if (options['id'] === undefined && !isReported) {
    const fix = "Give it one: @Workflow({ id: 'my-flow', description: '…' }).";
    problems.push({ code: 'invalid_name', problem: 'it has no id, which clients would ask for.', fix });
  }
  return { options: { id: name, description: '', ...options }, problems };
}
