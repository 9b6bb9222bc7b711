import { text as readText } from 'node:stream/consumers';
import { InternalError, type MillraceError, RunAbortedError } from '../errors/index.js';
import { describeError, IdSource } from '../kernel/index.js';
import { RunService } from '../runs/index.js';
import { Gate } from '../streaming/index.js';
import type { RunRequest } from '../workflow/index.js';
import { OutputPrinter } from './output-printer.js';
import { type CliEnvironment, EXIT, type ExitCode } from './cli-environment.js';
import { CliError } from './cli-error.js';
import { SIGNALS } from './signals.js';
import { useApplication, findWorkflow } from './use-application.js';

/**
 * Runs a workflow and prints its answer as it is generated: the content to stdout, so that it can be redirected, and
 * everything else to stderr.
 * @param message what the user says; `-`: read it from stdin
 */
export async function runWorkflow(
  id: string,
  { message, app }: { readonly message: string; readonly app: string | undefined },
  environment: CliEnvironment,
): Promise<ExitCode> {
  const { stdin, stdout, stderr } = environment.process;
  const content = message === '-' ? (await readText(stdin)).trimEnd() : message;
  if (content === '') throw new CliError('The message is empty.');
  return useApplication(environment, app, async (application) => {
    const workflow = findWorkflow(application, id);
    const request: RunRequest = { model: id, messages: [{ role: 'user', content }], parameters: {} };
    const printer = new OutputPrinter(environment.process, workflow.separator);
    const gate = new Gate();
    return abortOnSignal(environment, async (signal) => {
      const options = { id: application.get(IdSource).runId(), signal, gate };
      const events = application.get(RunService, { strict: false }).start(workflow, request, options);
      let failure: MillraceError | undefined;
      await events.read({
        next: (runEvent) => {
          printer.print(runEvent);
          if (!stdout.writableNeedDrain || signal.aborted) return;
          gate.close();
          stdout.once('drain', () => gate.open());
        },
        failed: ({ thrown, isReaderFault }) => {
          failure = thrown;
          if (!isReaderFault) printer.failed();
        },
      });
      if (failure === undefined) return EXIT.done;
      if (signal.aborted) return EXIT.interrupted;
      stderr.write(`${describe(failure)}\n`);
      return EXIT.failed;
    });
  });
}

/** Lets Ctrl-C, and a reader that has enough, end the task; a second Ctrl-C ends the process. */
async function abortOnSignal<T>({ process }: CliEnvironment, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  for (const signal of SIGNALS) process.once(signal, abort);
  // `… | head` closes the pipe; what is written after that fails, too.
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
