import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CliEnvironment, EXIT, type ExitCode } from './cli-environment.js';
import { CliError } from './cli-error.js';
import { registerWorkflow } from './scaffold/register-workflow.js';
import { workflowFiles } from './scaffold/workflow-files.js';
import { workflowNames } from './scaffold/workflow-names.js';

const FOLDER = join('src', 'workflows');
const MODULE = join(FOLDER, 'workflows.module.ts');

/** Makes a workflow's folder with a workflow, a node and its test, and registers it. Overwrites nothing. */
export async function newWorkflow(name: string, { process }: CliEnvironment): Promise<ExitCode> {
  const names = workflowNames(name);
  const modulePath = join(process.cwd(), MODULE);
  const folder = join(FOLDER, names.id);
  const source = await readFile(modulePath, 'utf8').catch((cause: unknown) => {
    throw new CliError(`There is no ${MODULE} here. Run this in the folder of the project.`, { cause });
  });
  // Before anything is written, so that a refusal leaves nothing behind.
  const registered = registerWorkflow(source, names);
  const path = join(process.cwd(), folder);
  await mkdir(path).catch((cause: unknown) => {
    const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    const reason = isThere ? `${folder} is there already` : `${folder} cannot be made: ${String(cause)}`;
    throw new CliError(`${reason}. Nothing was changed.`, { cause });
  });
  try {
    for (const [file, content] of workflowFiles(names)) await writeFile(join(path, file), content, { flag: 'wx' });
    await replace(modulePath, registered);
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    throw error;
  }
  process.stdout.write(
    [
      ...[...workflowFiles(names).keys()].map((file) => `Made    ${join(folder, file)}`),
      `Changed ${MODULE}`,
      '',
      `Run it:  npm run workflow -- run ${names.id} "Hello"`,
      `Test it: npx jest ${folder}`,
      'The tests that list every model (test/e2e) have to learn its name.',
      '',
    ].join('\n'),
  );
  return EXIT.done;
}

/** Whole or not at all, so that an interruption leaves no half of a module behind. */
async function replace(path: string, content: string): Promise<void> {
  const draft = `${path}.new`;
  await writeFile(draft, content);
  await rename(draft, path);
}
