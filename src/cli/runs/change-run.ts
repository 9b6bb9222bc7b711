import { text as readText } from 'node:stream/consumers';
import { ensureError, type JsonObject } from '../../kernel/index.js';
import { type CliEnvironment, EXIT, type ExitCode } from '../cli-environment.js';
import { UsageError } from '../cli-error.js';
import type { Options } from '../options.js';
import { RunsServer } from './runs-server.js';

/**
 * Cancels a run, and waits until it has ended.
 * @throws CliError if it has ended otherwise, or the server refuses
 */
export async function cancelRun(id: string, options: Options, environment: CliEnvironment): Promise<ExitCode> {
  const server = new RunsServer(options.url, environment);
  const run = await server.ask('POST', `/runs/${encodeURIComponent(id)}/cancel`);
  return tell(run, `${String(run['id'])} is ${String(run['status'])}.`, options, environment);
}

/**
 * Answers a wait of a run.
 * @param value in JSON; `-`: read it from stdin
 * @throws CliError with every fault, if the value is not what the run waits for
 */
export async function answerRun(
  id: string,
  { name, value }: { readonly name: string; readonly value: string },
  options: Options,
  environment: CliEnvironment,
): Promise<ExitCode> {
  const server = new RunsServer(options.url, environment);
  const json = value === '-' ? await readText(environment.process.stdin) : value;
  const path = `/runs/${encodeURIComponent(id)}/waits/${encodeURIComponent(name)}`;
  const wait = await server.ask('POST', path, { value: parseValue(json) });
  return tell(wait, `"${name}" is answered.`, options, environment);
}

/**
 * Repeats the request of a run in a new run.
 * @throws CliError if the run has not ended, or the server refuses
 */
export async function retryRun(id: string, options: Options, environment: CliEnvironment): Promise<ExitCode> {
  const server = new RunsServer(options.url, environment);
  const run = await server.ask('POST', `/runs/${encodeURIComponent(id)}/retry`);
  return tell(run, String(run['id']), options, environment);
}

function tell(got: JsonObject, text: string, { json = false }: Options, { process }: CliEnvironment): ExitCode {
  process.stdout.write(json ? `${JSON.stringify(got, undefined, 2)}\n` : `${text}\n`);
  return EXIT.done;
}

/** @throws UsageError if it is no JSON */
function parseValue(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new UsageError(
      `The answer must be JSON: ${ensureError(error).message}. Put it into single quotes: '{"approved": true}'.`,
    );
  }
}
