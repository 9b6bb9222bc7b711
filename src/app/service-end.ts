import cluster from 'node:cluster';
import type { LoggerService } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppConfig } from '../config/index.js';
import { InternalError, formatStackForLog, toMillraceError } from '../errors/index.js';
import { GracefulShutdown } from '../http/index.js';
import { findListenerErrorHandler, Clock, ensureError, holdProcess } from '../kernel/index.js';
import { RunService } from '../runs/index.js';
import { readShutdownLimit } from './shut-down.js';
import { askForReplacement } from './worker-messages.js';

const CONTEXT = 'Process';
/** How many open runs a line of the log names. */
const MOST_NAMED = 5;

/** Ends the service once, gracefully and within a limit, whether a signal or an uncaught error asks for it. */
export class ServiceEnd {
  readonly #app: NestExpressApplication;
  readonly #logger: LoggerService;
  #hasBegun = false;
  #exitCode = 0;

  constructor(app: NestExpressApplication, logger: LoggerService) {
    this.#app = app;
    this.#logger = logger;
  }

  /**
   * Begins the graceful end; the process leaves when it is done, or at the limit with exit code 1.
   * @param cause name of the signal, or of the event of an error
   */
  begin(cause: string): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const limitMs = readShutdownLimit(this.#app.get(AppConfig));
    // Otherwise Node would exit silently while a hook waits for something that never happens.
    holdProcess();
    this.#app.get(Clock).after(limitMs, () => {
      this.#logger.error(
        `The shutdown has not ended after ${limitMs} ms: leaving at once. A hook of a module (onModuleDestroy, beforeApplicationShutdown, onApplicationShutdown) may wait for ever.`,
        undefined,
        CONTEXT,
      );
      process.exit(1);
    });
    void this.#end(cause);
  }

  /**
   * Handles an uncaught error. The state that it left is unknown, so the process ends with exit code 1, and
   * a supervisor starts it again; open responses are finished first, as after a signal. Two kinds are harmless, because
   * nothing
   * that a client or a model does may end the process: what a listener of a run's abort signal throws, and the
   * rejection of a promise that is not awaited, if its run was aborted or its error has a defined consequence, such as
   * a model's failure.
   */
  onUncaught(thrown: unknown, origin: NodeJS.UncaughtExceptionOrigin): void {
    try {
      this.#onUncaught(thrown, origin);
    } catch {
      // An error here would end the process at once, and cut off every open response.
      this.#exitCode = 1;
      this.begin('uncaughtException');
    }
  }

  #onUncaught(thrown: unknown, origin: NodeJS.UncaughtExceptionOrigin): void {
    const onListenerError = findListenerErrorHandler();
    if (onListenerError !== undefined) {
      onListenerError(ensureError(thrown));
      return;
    }
    const runner = this.#app.get(RunService, { strict: false });
    const isRejection = origin === 'unhandledRejection';
    const run = isRejection ? runner.findAbortedRun(thrown) : undefined;
    if (run !== undefined) {
      this.#logger.warn(`${run}: a promise that is not awaited was rejected when the run was aborted`, CONTEXT);
      return;
    }
    const what = isRejection ? 'A promise that is not awaited was rejected' : 'An uncaught error';
    const runs = describeRuns(runner.openRunNames);
    if (isRejection && !(toMillraceError(thrown) instanceof InternalError)) {
      this.#logger.error(`${what}. ${runs}`, formatStackForLog(thrown), CONTEXT);
      return;
    }
    this.#fail(`${what}. ${runs}`, formatStackForLog(thrown), isRejection ? 'unhandledRejection' : 'uncaughtException');
  }

  #fail(message: string, stack: string | undefined, cause: string): void {
    this.#exitCode = 1;
    const consequence = this.#hasBegun ? '' : ' Open responses are finished, then the process ends with exit code 1.';
    this.#logger.fatal?.(message + consequence, stack, CONTEXT);
    if (!this.#hasBegun && cluster.isWorker) askForReplacement(this.#app.getHttpServer());
    this.begin(cause);
  }

  async #end(cause: string): Promise<void> {
    try {
      // Called at once, and not only when Nest gets to it: an earlier hook may never end, and open responses must not
      // wait for it.
      void this.#app.get(GracefulShutdown, { strict: false }).beforeApplicationShutdown(cause);
      // Nest's own signal handlers pass the signal on to all hooks in the same way; its type does not say so.
      await (this.#app as Closable).close(cause);
    } catch (error) {
      this.#exitCode = 1;
      this.#logger.error('The shutdown failed', formatStackForLog(error), CONTEXT);
    }
    process.exit(this.#exitCode);
  }
}

interface Closable {
  close(signal?: string): Promise<void>;
}

function describeRuns(names: readonly string[]): string {
  if (names.length === 0) return 'No run was open.';
  const more = names.length - MOST_NAMED;
  return `Open runs: ${names.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
}
