import { WorkflowRegistry } from '../workflow/index.js';
import { type CliEnvironment, EXIT, type ExitCode } from './cli-environment.js';
import { useApplication } from './use-application.js';

/** Prints every name and what it stands for, in two columns. */
export function listWorkflows(app: string | undefined, environment: CliEnvironment): Promise<ExitCode> {
  return useApplication(environment, app, async (application) => {
    const names = application.get(WorkflowRegistry, { strict: false }).list();
    const width = Math.max(0, ...names.map(({ name }) => name.length));
    for (const { name, workflow } of names) {
      const text = name === workflow.id ? workflow.description : `= ${workflow.id}`;
      environment.process.stdout.write(`${name.padEnd(width)}  ${text}`.trimEnd() + '\n');
    }
    return EXIT.done;
  });
}
