import { type CompiledWorkflow, WorkflowRegistry } from '../workflow/index.js';
import { type CliEnvironment, EXIT, type ExitCode } from './cli-environment.js';
import { useApplication } from './use-application.js';

/** Prints every name and what it stands for, in two columns; also those that only developers can run. */
export function listWorkflows(app: string | undefined, environment: CliEnvironment): Promise<ExitCode> {
  return useApplication(environment, app, async (application) => {
    const names = application.get(WorkflowRegistry, { strict: false }).listAll();
    const width = Math.max(0, ...names.map(({ name }) => name.length));
    for (const { name, workflow } of names) {
      const text = name === workflow.id ? describe(workflow) : `= ${workflow.id}`;
      environment.process.stdout.write(`${name.padEnd(width)}  ${text}`.trimEnd() + '\n');
    }
    return EXIT.done;
  });
}

function describe({ description, onlyAsStep, needs }: CompiledWorkflow): string {
  if (!onlyAsStep) return description;
  return `${description} (only as a step${needs.length === 0 ? '' : `, which gives it ${needs.join(', ')}`})`;
}
