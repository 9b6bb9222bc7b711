import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { CliError } from '../cli-error.js';
import { type ApplicationPlace, loadModule } from './find-module.js';

/**
 * Opens an application without its HTTP server, in the folder of its project and with its `.env`. It logs nothing, so
 * that people read only what commands print.
 * @throws CliError if it has no module, or one without Millrace; and whatever its start throws
 */
export async function openModule(place: ApplicationPlace): Promise<INestApplicationContext> {
  const { root, file } = place;
  process.chdir(root);
  if (existsSync(join(root, '.env'))) process.loadEnvFile(join(root, '.env'));
  const [{ NestFactory }, { WorkflowRegistry }] = await Promise.all([
    import('@nestjs/core'),
    import('../../workflow/index.js'),
  ]);
  const module = await loadModule(place);
  const application = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  try {
    application.get(WorkflowRegistry, { strict: false });
  } catch (cause) {
    await application.close();
    throw new CliError(
      `The module in ${relative(root, file)} does not import Millrace. Add MillraceModule.forRoot() to its imports, or name the file of the module that has it: --app <compiled file>.`,
      { cause },
    );
  }
  return application;
}
