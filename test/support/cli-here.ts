import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type CliEnvironment, runCli } from '../../src/cli/run-cli.js';
import type { Finished } from './linked-project.js';

/**
 * Runs a command from the sources in this process, which takes a hundredth of the time of a separate process. The
 * command must not need the application: opening it fails the test.
 * @param folder the one in which the command runs
 */
export async function runCliHere(folder: string, ...args: readonly string[]): Promise<Finished> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const process = { stdin: Readable.from([]), stdout, stderr, env: {}, cwd: () => folder };
  const code = await runCli(args, {
    openApplication: () => Promise.reject(new Error(`millrace ${args.join(' ')} opens the application`)),
    // The commands use only these members, and none of the streams is a terminal.
    process: process as unknown as CliEnvironment['process'],
  });
  stdout.end();
  stderr.end();
  return { code, stdout: await text(stdout), stderr: await text(stderr) };
}
