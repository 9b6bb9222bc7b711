import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type CliEnvironment, EXIT, type ExitCode } from '../cli-environment.js';
import { openProject } from '../project.js';
import { updateBuild } from './build-folder.js';
import { readTypeScriptProject } from './typescript-project.js';

/**
 * Compiles an application, copies what belongs to it beside the compiled files, and removes output of sources that are
 * gone. Errors are shown by the compiler.
 * @throws CliError if the project cannot be compiled as it is set up
 */
export async function buildApplication(config: string | undefined, { process }: CliEnvironment): Promise<ExitCode> {
  const project = openProject(process.cwd());
  const { compiler, configFile, root, sources, build } = await readTypeScriptProject(project, config);
  const child = spawn(globalThis.process.execPath, [compiler, '--project', configFile], {
    cwd: root,
    stdio: 'inherit',
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) return EXIT.failed;
  await updateBuild(sources, build, { isCompiled: true });
  return EXIT.done;
}
