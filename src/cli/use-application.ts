import type { INestApplicationContext } from '@nestjs/common';
import { ModelNotFoundError } from '../errors/index.js';
import { type CompiledWorkflow, WorkflowRegistry } from '../workflow/index.js';
import type { CliEnvironment } from './cli-environment.js';
import { CliError } from './cli-error.js';

/**
 * Opens the application for one task and closes it, however that ends.
 * @param app the compiled file of its module, if the user names it
 */
export async function useApplication<T>(
  { openApplication }: CliEnvironment,
  app: string | undefined,
  task: (application: INestApplicationContext) => Promise<T>,
): Promise<T> {
  const application = await openApplication(app);
  try {
    return await task(application);
  } finally {
    await application.close();
  }
}

/**
 * Finds the workflow with this id or alias.
 * @throws CliError that lists the existing ones
 */
export function findWorkflow(application: INestApplicationContext, id: string): CompiledWorkflow {
  const registry = application.get(WorkflowRegistry, { strict: false });
  try {
    return registry.resolve(id).workflow;
  } catch (error) {
    if (!(error instanceof ModelNotFoundError)) throw error;
    const names = registry.listAll().map(({ name }) => name);
    throw new CliError(
      `There is no workflow "${id}". There are: ${names.join(', ')}. A workflow that is newer than the build needs another one: npm run build.`,
      { cause: error },
    );
  }
}
