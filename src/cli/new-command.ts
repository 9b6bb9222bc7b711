import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readErrorCode } from '../kernel/index.js';
import { type CliEnvironment, EXIT, type ExitCode } from './cli-environment.js';
import { CliError } from './cli-error.js';
import { findNameClashes } from './scaffold/name-clashes.js';
import { registerWorkflow } from './scaffold/register-workflow.js';
import { makeWorkflowFiles } from './scaffold/workflow-files.js';
import { makeWorkflowNames } from './scaffold/workflow-names.js';

const FOLDER = join('src', 'workflows');
const MODULE = join(FOLDER, 'workflows.module.ts');

/**
 * Makes a workflow's folder with the workflow and its test, and registers it. Overwrites nothing.
 * @throws CliError if a name is taken or a file cannot be written; then everything is as it was
 */
export async function newWorkflow(name: string, { process }: CliEnvironment): Promise<ExitCode> {
  const names = makeWorkflowNames(name);
  const modulePath = join(process.cwd(), MODULE);
  const folder = join(FOLDER, names.id);
  const source = await readFile(modulePath, 'utf8').catch((cause: unknown) => {
    throw new CliError(`There is no ${MODULE} here. Run this in the folder of the project.`, { cause });
  });
  // Before anything is written, so that a refusal leaves nothing behind.
  const clashes = await findNameClashes(process.cwd(), FOLDER, names);
  if (clashes.length > 0) {
    throw new CliError([...clashes, 'Nothing was changed. Choose another name.'].join('\n'));
  }
  const registered = registerWorkflow(source, names);
  const path = join(process.cwd(), folder);
  await mkdir(path).catch((cause: unknown) => {
    throw new CliError(`${folder} cannot be made (${readErrorCode(cause)}). Nothing was changed.`, { cause });
  });
  try {
    for (const [file, content] of makeWorkflowFiles(names)) await writeFile(join(path, file), content, { flag: 'wx' });
    await replace(modulePath, registered);
  } catch (cause) {
    await rm(path, { recursive: true, force: true });
    throw new CliError(`The files cannot be written (${readErrorCode(cause)}). Nothing was changed.`, { cause });
  }
  process.stdout.write(
    [
      ...[...makeWorkflowFiles(names).keys()].map((file) => `Made    ${join(folder, file)}`),
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
  try {
    await writeFile(draft, content);
    await rename(draft, path);
  } catch (error) {
    // The first failure is the one to report.
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}
