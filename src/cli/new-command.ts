import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readErrorCode } from '../kernel/index.js';
import { type CliEnvironment, EXIT, type ExitCode } from './cli-environment.js';
import { CliError, UsageError } from './cli-error.js';
import { describeCall, hasPackage, openProject, type Project } from './project.js';
import { findNameClashes } from './scaffold/name-clashes.js';
import { registerWorkflow } from './scaffold/register-workflow.js';
import { type Kind, KINDS, makeWorkflowFiles, type TestRunner } from './scaffold/workflow-files.js';
import { makeWorkflowNames } from './scaffold/workflow-names.js';

const FOLDER = join('src', 'workflows');
const MODULE = join(FOLDER, 'workflows.module.ts');

/**
 * Makes a workflow's folder, and registers it. Overwrites nothing.
 * @param kind what the workflow is to begin with, one of {@link KINDS}
 * @throws CliError if a name is taken or a file cannot be written; then everything is as it was
 */
export async function newWorkflow(name: string, kind: string, { process }: CliEnvironment): Promise<ExitCode> {
  const names = makeWorkflowNames(name);
  if (!isKind(kind)) throw new UsageError(`The kind "${kind}" is none of ${KINDS.join(', ')}.`);
  const project = openProject(process.cwd());
  const { root } = project;
  const modulePath = join(root, MODULE);
  const folder = join(FOLDER, names.id);
  const source = await readFile(modulePath, 'utf8').catch((cause: unknown) => {
    throw new CliError(
      `There is no ${MODULE} here, in which workflows are listed as providers. Run this in the folder of the project, or make that module first and import it in your AppModule.`,
      { cause },
    );
  });
  // Before anything is written, so that a refusal leaves nothing behind.
  const clashes = await findNameClashes(root, FOLDER, names);
  if (clashes.length > 0) {
    throw new CliError([...clashes, 'Nothing was changed. Choose another name.'].join('\n'));
  }
  const registered = registerWorkflow(source, names);
  const runner = findTestRunner(project);
  const files = makeWorkflowFiles(names, kind, runner);
  const path = join(root, folder);
  await mkdir(path).catch((cause: unknown) => {
    throw new CliError(`${folder} cannot be made (${readErrorCode(cause)}). Nothing was changed.`, { cause });
  });
  try {
    for (const [file, content] of files) await writeFile(join(path, file), content, { flag: 'wx' });
    await replaceFile(modulePath, registered);
  } catch (cause) {
    await rm(path, { recursive: true, force: true });
    throw new CliError(`The files cannot be written (${readErrorCode(cause)}). Nothing was changed.`, { cause });
  }
  process.stdout.write(
    [
      ...[...files.keys()].map((file) => `Made    ${join(folder, file)}`),
      `Changed ${MODULE}`,
      '',
      `Run it:  ${describeCall(project)} run ${names.id} "Hello"`,
      `Test it: ${runner === 'node' ? 'npm test' : `npx ${runner === 'jest' ? 'jest' : 'vitest run'} ${folder}`}`,
      ...(project.isMillrace ? ['Add its name to the tests that list every model (test/e2e).'] : []),
      '',
    ].join('\n'),
  );
  return EXIT.done;
}

function isKind(kind: string): kind is Kind {
  return KINDS.some((known) => known === kind);
}

/** Finds the test runner that the project has installed, or else Node's own. */
function findTestRunner(project: Project): TestRunner {
  if (hasPackage(project, 'vitest')) return 'vitest';
  return hasPackage(project, 'jest') ? 'jest' : 'node';
}

/** Replaces a file whole or not at all, so that an interruption leaves no half of a module behind. */
async function replaceFile(path: string, content: string): Promise<void> {
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
