import type { WorkflowRegistry } from '../workflow/index.js';

/** Lists the workflows for the log, by the names that clients give as `model`. */
export function describeModels(registry: WorkflowRegistry): string {
  const names = registry
    .list()
    .map(({ name, workflow }) => (name === workflow.id ? name : `${name} (= ${workflow.id})`));
  return names.length === 0 ? 'none' : names.join(', ');
}
