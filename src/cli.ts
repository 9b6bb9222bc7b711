import 'reflect-metadata';
import { existsSync } from 'node:fs';
import type { INestApplicationContext } from '@nestjs/common';
import { describeStartFailure } from './app.start-up.js';
import { runCli } from './cli/index.js';

/**
 * The application without its HTTP server. It is loaded only when a command needs it, so that the others answer at once.
 * It logs nothing: what commands print is all there is to read.
 */
async function openApplication(): Promise<INestApplicationContext> {
  const [{ NestFactory }, { AppModule }, { loadConfig }] = await Promise.all([
    import('@nestjs/core'),
    import('./app.module.js'),
    import('./config/index.js'),
  ]);
  if (existsSync('.env')) process.loadEnvFile('.env');
  const module = AppModule.register(loadConfig(process.env));
  return NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
}

try {
  process.exitCode = await runCli(process.argv.slice(2), { openApplication, process });
} catch (error) {
  process.stderr.write(`${describeStartFailure(error)}\n`);
  process.exitCode = 1;
}
