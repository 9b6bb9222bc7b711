import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type CliEnvironment, EXIT, type ExitCode } from '../cli-environment.js';
import { openProject } from '../project.js';
import { copyAssets } from './assets.js';
import { readTypeScriptProject } from './typescript-project.js';

/**
 * Compiles an application, and copies what belongs to it beside the compiled files. Errors are shown by the compiler.
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
  await copyAssets(sources, build);
  return EXIT.done;
}
