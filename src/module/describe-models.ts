import type { WorkflowRegistry } from '../workflow/index.js';

/** The workflows by the names that clients give as `model`, for the log. */
export function describeModels(registry: WorkflowRegistry): string {
  const names = registry
    .list()
    .map(({ name, workflow }) => (name === workflow.id ? name : `${name} (= ${workflow.id})`));
  return names.length === 0 ? 'none' : names.join(', ');
}
