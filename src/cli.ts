#!/usr/bin/env node
import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { describeFileLimitFault } from './app/file-limit.js';
import { CliError, EXIT, findApplication, findProject, openModule, runCli } from './cli/index.js';
import { RunAbortedError } from './errors/index.js';
import { findListenerErrorHandler, describeError, ensureError } from './kernel/index.js';

/**
 * Opens the application without its HTTP server: that of the project in which this runs, or else the service itself. It
 * is loaded only when a command needs it, so that the other commands start at once.
 */
async function openApplication(app: string | undefined): Promise<INestApplicationContext> {
  const fault = describeFileLimitFault();
  if (fault !== undefined) {
    process.stderr.write(`${fault}\n`);
    process.exit(1);
  }
  const place = findApplication(process.cwd(), app);
  if (place !== undefined) return openModule(place);
  if (!existsSync(join(import.meta.dirname, 'app/app.module.js'))) {
    throw new CliError(
      'There is no project here. Change to the folder of yours, or make one: npx millrace init my-app',
    );
  }
  if (findProject(process.cwd()) === undefined) {
    process.stderr.write('There is no project here, so this is about the examples of Millrace.\n');
  }
  const [{ NestFactory }, { AppModule }, { loadConfig }, { fetchThroughProxies }] = await Promise.all([
    import('@nestjs/core'),
    import('./app/app.module.js'),
    import('./app/load-config.js'),
    import('./models/index.js'),
  ]);
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = loadConfig(process.env);
  await fetchThroughProxies(config.proxy);
  const module = AppModule.register(config);
  return NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
}

/**
 * Handles an error that no command caught. A promise that nobody awaits is rejected when its run is aborted; that is no
 * fault, because the command then ends for the same reason and says so itself.
 */
function onUncaught(thrown: unknown, origin: NodeJS.UncaughtExceptionOrigin): void {
  const error = ensureError(thrown);
  const onListenerError = findListenerErrorHandler();
  const isRejection = origin === 'unhandledRejection';
  if (onListenerError !== undefined) {
    onListenerError(error);
  } else if (!isRejection || !(error instanceof RunAbortedError || error.cause instanceof RunAbortedError)) {
    const what = isRejection ? 'A promise that is not awaited was rejected' : 'An uncaught error';
    process.stderr.write(`${what}: ${describeError(error).stack}\n`);
    process.exit(1);
  }
}

/** Why the output could not be written. A reader that stops early, such as `head`, is no fault. */
let outputFault: string | undefined;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => {
    if (code !== 'EPIPE') outputFault ??= code;
  });
}
process.on('uncaughtException', onUncaught);
try {
  process.exitCode = await runCli(process.argv.slice(2), { openApplication, process });
  // Errors of the output are reported later than the write that caused them.
  await nextTurn();
  if (outputFault !== undefined) {
    process.stderr.write(`The output cannot be written: ${outputFault}\n`);
    process.exitCode = EXIT.failed;
  }
} catch (error) {
  const { describeStartFailure } = await import('./app/start-up.js');
  process.stderr.write(`${describeStartFailure(error)}\n`);
  process.exitCode = 1;
}
