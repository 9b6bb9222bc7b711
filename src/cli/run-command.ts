import { text as readText } from 'node:stream/consumers';
import { InternalError, type MillraceError, RunAbortedError } from '../errors/index.js';
import { describeError, ensureError, IdSource, isJsonObject, type JsonObject } from '../kernel/index.js';
import { type RunOptions, RunService } from '../runs/index.js';
import { Gate } from '../streaming/index.js';
import type { CompiledWorkflow, RunRequest } from '../workflow/index.js';
import { OutputPrinter } from './output-printer.js';
import { type CliEnvironment, EXIT, type ExitCode } from './cli-environment.js';
import { CliError, UsageError } from './cli-error.js';
import { SIGNALS } from './signals.js';
import { useApplication, findWorkflow } from './use-application.js';

/**
 * Runs a workflow and prints its output as it is generated: the content to stdout, so that it can be redirected, and
 * everything else to stderr.
 * @param message what the user says; `-`: read it from stdin
 * @param input what the workflow reads beside a chat request, as an object in JSON
 * @param answers what it waits for, by name, as an object in JSON
 * @throws CliError if the input is not what the workflow reads
 */
export async function runWorkflowCommand(
  id: string,
  {
    message,
    input,
    answers,
    app,
  }: {
    readonly message: string;
    readonly input: string | undefined;
    readonly answers: string | undefined;
    readonly app: string | undefined;
  },
  environment: CliEnvironment,
): Promise<ExitCode> {
  const { stdin, stdout, stderr } = environment.process;
  const more = input === undefined ? {} : parseObject(input, 'input', '{"tone": "kind"}');
  const given = answers === undefined ? {} : parseObject(answers, 'answers', '{"approve": {"approved": true}}');
  const content = message === '-' ? (await readText(stdin)).trimEnd() : message;
  if (content === '') throw new CliError('The message is empty. Say something: millrace run <id> "Hello".');
  return useApplication(environment, app, async (application) => {
    const workflow = findWorkflow(application, id);
    checkInput(workflow, more);
    const request: RunRequest = { ...more, model: id, messages: [{ role: 'user', content }], parameters: {} };
    const printer = new OutputPrinter(environment.process, workflow.separator);
    const gate = new Gate();
    return abortOnSignal(environment, async (signal) => {
      const options: RunOptions = {
        id: application.get(IdSource).runId(),
        signal,
        gate,
        answer: ({ name }) => (Object.hasOwn(given, name) ? given[name] : undefined),
      };
      const events = application.get(RunService, { strict: false }).start(workflow, request, options);
      let failure: MillraceError | undefined;
      let waits: readonly string[] = [];
      await events.read({
        next: (runEvent) => {
          printer.print(runEvent);
          if (runEvent.type === 'run-waiting') waits = runEvent.waits.map(({ name }) => name);
          if (!stdout.writableNeedDrain || signal.aborted) return;
          gate.close();
          stdout.once('drain', () => gate.open());
        },
        failed: ({ thrown, isReaderFault }) => {
          failure = thrown;
          if (!isReaderFault) printer.breakLine();
        },
      });
      if (waits.length > 0) {
        const example = `{${waits.map((name) => `"${name}": {…}`).join(', ')}}`;
        stderr.write(
          `The workflow waits for an answer, which this command needs when it starts: --answers '${example}'.\n`,
        );
        return EXIT.failed;
      }
      if (failure === undefined) return EXIT.done;
      if (signal.aborted) return EXIT.interrupted;
      stderr.write(`${describe(failure)}\n`);
      return EXIT.failed;
    });
  });
}

/** @throws UsageError if it is not an object in JSON */
function parseObject(json: string, name: string, example: string): JsonObject {
  let fault = 'it is not an object';
  try {
    const parsed: unknown = JSON.parse(json);
    if (isJsonObject(parsed)) return parsed;
  } catch (error) {
    fault = ensureError(error).message;
  }
  throw new UsageError(
    `The ${name} must be an object in JSON: ${fault}. Put it into single quotes: --${name} '${example}'.`,
  );
}

/**
 * Checks the names in the input. Where a workflow is a step, the TypeScript compiler does this. The values are not
 * checked: their types are not known when the program runs.
 */
function checkInput({ id, needs, reads }: CompiledWorkflow, input: JsonObject): void {
  const missing = needs.filter((name) => !Object.hasOwn(input, name));
  const unknown = Object.keys(input).filter((name) => !reads.includes(name));
  const faults = [
    ...(missing.length === 0 ? [] : [`"${id}" also reads ${quoteAll(missing)}, which it is not given.`]),
    ...(unknown.length === 0
      ? []
      : [`"${id}" does not read ${quoteAll(unknown)}${reads.length === 0 ? '' : `, but ${quoteAll(reads)}`}.`]),
  ];
  if (faults.length === 0) return;
  const fix =
    reads.length === 0
      ? 'Leave --input out.'
      : `Give it as JSON: --input '{${reads.map((name) => `${JSON.stringify(name)}: …`).join(', ')}}'.`;
  throw new CliError([...faults, fix].join(' '));
}

function quoteAll(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}

/** Aborts the task at Ctrl-C, or when the reader of the output stops early; a second Ctrl-C ends the process. */
async function abortOnSignal<T>({ process }: CliEnvironment, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  for (const signal of SIGNALS) process.once(signal, abort);
  // `… | head` closes the pipe, so that the next write fails.
  process.stdout.on('error', abort);
  try {
    return await task(controller.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, abort);
  }
}

/** Says what went wrong. Unlike an HTTP client, the person who reads this may see everything. */
function describe(error: MillraceError): string {
  if (error instanceof InternalError) return `Error: ${describeError(error.cause).stack}`;
  const details = error instanceof RunAbortedError ? error.abortCause : (error.diagnostic ?? error.code);
  return `Error: ${error.message}${details === null ? '' : ` (${details})`}`;
}
