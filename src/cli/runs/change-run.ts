import type { JsonObject } from '../../kernel/index.js';
import { type CliEnvironment, EXIT, type ExitCode } from '../cli-environment.js';
import type { Options } from '../options.js';
import { RunsServer } from './runs-server.js';

/** Ends a run before its end, and waits for that. @throws CliError if it has ended otherwise, or the server refuses */
export async function cancelRun(id: string, options: Options, environment: CliEnvironment): Promise<ExitCode> {
  const server = new RunsServer(options.url, environment);
  const run = await server.ask('POST', `/runs/${encodeURIComponent(id)}/cancel`);
  return tell(run, `${String(run['id'])} is ${String(run['status'])}.`, options, environment);
}

/** Asks the same again. @throws CliError if the run has not ended, or the server refuses */
export async function retryRun(id: string, options: Options, environment: CliEnvironment): Promise<ExitCode> {
  const server = new RunsServer(options.url, environment);
  const run = await server.ask('POST', `/runs/${encodeURIComponent(id)}/retry`);
  return tell(run, String(run['id']), options, environment);
}

function tell(got: JsonObject, text: string, { json = false }: Options, { process }: CliEnvironment): ExitCode {
  process.stdout.write(json ? `${JSON.stringify(got, undefined, 2)}\n` : `${text}\n`);
  return EXIT.done;
}
