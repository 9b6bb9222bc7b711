import { type CliEnvironment, EXIT, type ExitCode } from '../cli-environment.js';
import type { Options } from '../options.js';
import { type ServerRun, writeEvent, writeRun } from './print-run.js';
import { RunsServer } from './runs-server.js';

/**
 * Prints a run with its steps; or, to follow it, its events as they come, until it has ended.
 * @throws CliError if the server refuses
 */
export async function showRun(
  id: string,
  { url, follow = false, json = false }: Options,
  environment: CliEnvironment,
): Promise<ExitCode> {
  const server = new RunsServer(url, environment);
  const { stdout } = environment.process;
  if (follow) {
    const hasCompleted = await server.follow(id, (event) => {
      stdout.write(json ? `${JSON.stringify(event)}\n` : writeEvent(event));
    });
    return hasCompleted ? EXIT.done : EXIT.failed;
  }
  const run = await server.ask('GET', `/runs/${encodeURIComponent(id)}?include=steps`);
  stdout.write(json ? `${JSON.stringify(run, undefined, 2)}\n` : writeRun(run as unknown as ServerRun));
  return EXIT.done;
}
