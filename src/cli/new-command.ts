import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isJsonObject, readErrorCode } from '../kernel/index.js';
import { type CliEnvironment, EXIT, type ExitCode } from './cli-environment.js';
import { CliError, UsageError } from './cli-error.js';
import { describeBuild, describeCall, hasPackage, openProject, type Project } from './project.js';
import { findNameClashes } from './scaffold/name-clashes.js';
import { describeRegistration, registerWorkflow } from './scaffold/register-workflow.js';
import { type TemplateKind, TEMPLATE_KINDS, makeWorkflowFiles, type TestRunner } from './scaffold/workflow-files.js';
import { makeWorkflowNames } from './scaffold/workflow-names.js';

const FOLDER = join('src', 'workflows');
const MODULE = join(FOLDER, 'workflows.module.ts');
/** What is made where an application has no such module yet. */
const EMPTY_MODULE = `import { Module } from '@nestjs/common';

/** The workflows of this application. \`npx millrace new my-flow\` adds one. */
@Module({
  providers: [],
})
export class WorkflowsModule {}
`;

/**
 * Makes a workflow's folder, and registers it in the module of workflows, which is made if there is none. A module of a
 * form that it cannot change stays as it is, and the command prints what to add. Overwrites nothing.
 * @param kind of the workflow, one of {@link TEMPLATE_KINDS}
 * @throws CliError if a name is taken or a file cannot be written; then everything is as it was
 */
export async function createWorkflow(name: string, kind: string, { process }: CliEnvironment): Promise<ExitCode> {
  const names = makeWorkflowNames(name);
  if (!isKind(kind)) throw new UsageError(`The kind "${kind}" is none of ${TEMPLATE_KINDS.join(', ')}.`);
  const project = openProject(process.cwd());
  const { root } = project;
  const modulePath = join(root, MODULE);
  const folder = join(FOLDER, names.id);
  if (!existsSync(join(root, 'src'))) {
    throw new CliError(`There is no folder src in ${root}. Run this in the folder of an application.`);
  }
  const source = await readModule(modulePath);
  // Before anything is written, so that a refusal leaves nothing behind.
  const clashes = await findNameClashes(root, FOLDER, names);
  if (clashes.length > 0) {
    throw new CliError([...clashes, 'Nothing was changed. Choose another name.'].join('\n'));
  }
  const ending = project.manifest['type'] === 'module' ? '.js' : '';
  const registered = registerWorkflow(source ?? EMPTY_MODULE, names, ending);
  const runner = findTestRunner(project);
  const files = makeWorkflowFiles(names, kind, { runner, ending });
  const path = join(root, folder);
  const made = await makeFolder(path).catch((cause: unknown) => {
    throw new CliError(`${folder} cannot be made (${readErrorCode(cause)}). Nothing was changed.`, { cause });
  });
  try {
    for (const [file, content] of files) await writeFile(join(path, file), content, { flag: 'wx' });
    if (registered !== undefined) await replaceFile(modulePath, registered);
  } catch (cause) {
    await rm(made, { recursive: true, force: true });
    throw new CliError(`The files cannot be written (${readErrorCode(cause)}). Nothing was changed.`, { cause });
  }
  process.stdout.write(
    [
      ...[...files.keys()].map((file) => `Made    ${join(folder, file)}`),
      ...describeModule(source !== undefined, registered === undefined ? describeRegistration(names, ending) : []),
      `Run it:  ${describeCall(project)} run ${names.id} "Hello"`,
      `Test it: ${describeTest(project, runner, names.id)}`,
      ...(project.isMillrace ? ['Add its name to the tests that list every model (test/e2e).'] : []),
      '',
    ].join('\n'),
  );
  return EXIT.done;
}

/** @param missing what a person adds to the module by hand */
function describeModule(isOld: boolean, missing: readonly string[]): readonly string[] {
  if (missing.length > 0) {
    return [
      '',
      `${MODULE} was not changed: it has no single list of providers that this command understands. Add to it by hand, and build:`,
      ...missing.map((line) => `  ${line}`),
      '',
    ];
  }
  if (isOld) return [`Changed ${MODULE}`, ''];
  return [`Made    ${MODULE}`, '', 'Add WorkflowsModule to the imports of your AppModule, and build.'];
}

function isKind(kind: string): kind is TemplateKind {
  return TEMPLATE_KINDS.some((known) => known === kind);
}

/** Finds the test runner that the project has installed, or else Node's own. */
function findTestRunner(project: Project): TestRunner {
  if (hasPackage(project, 'vitest')) return 'vitest';
  return hasPackage(project, 'jest') ? 'jest' : 'node';
}

/** What tests the new workflow. A checkout of Millrace itself sets the option in its `.npmrc`. */
function describeTest(project: Project, runner: TestRunner, id: string): string {
  const folder = join(FOLDER, id);
  if (runner === 'vitest') return `npx vitest run ${folder}`;
  if (runner === 'jest') {
    return `${project.isMillrace ? '' : 'NODE_OPTIONS=--experimental-vm-modules '}npx jest ${folder}`;
  }
  return hasTestScript(project)
    ? 'npm test'
    : `${describeBuild(project)} && node --test dist/workflows/${id}/${id}.workflow.test.js`;
}

/** The script that `npm init` writes only says that there is none. */
function hasTestScript({ manifest: { scripts } }: Project): boolean {
  const test = isJsonObject(scripts) ? scripts['test'] : undefined;
  return typeof test === 'string' && !test.includes('no test specified');
}

/** @returns undefined if there is no such file */
async function readModule(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (readErrorCode(cause) === 'ENOENT') return undefined;
    throw new CliError(`${MODULE} cannot be read (${readErrorCode(cause)}). Nothing was changed.`, { cause });
  }
}

/**
 * Makes the folder, which must not be there yet.
 * @returns the outermost of the folders that were made: the folder itself, or one above it
 */
async function makeFolder(path: string): Promise<string> {
  const above = await mkdir(dirname(path), { recursive: true });
  await mkdir(path);
  return above ?? path;
}

/** Replaces a file whole or not at all, so that an interruption leaves no half of a module behind. */
async function replaceFile(path: string, content: string): Promise<void> {
  // Of a name that no build copies: `millrace dev` may be looking.
  const draft = `${path}.tmp`;
  try {
    await writeFile(draft, content);
    await rename(draft, path);
  } catch (error) {
    // The first failure is the one to report.
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}
