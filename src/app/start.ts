import 'reflect-metadata';
import cluster from 'node:cluster';
import { existsSync } from 'node:fs';
import { loadConfig } from './load-config.js';
import { describeError, VERSION } from '../kernel/index.js';
import { AppLogger } from './logger.js';
import { OutputGuard } from './output-guard.js';
import { printStartFailure } from './start-failure.js';

async function main(): Promise<void> {
  const output = new OutputGuard();
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = loadConfig(process.env);
  const logger = new AppLogger(config.log);
  output.reportTo(logger);
  if (cluster.isPrimary) for (const warning of config.warnings) logger.warn(warning, 'Config');
  if (cluster.isPrimary && config.server.processes > 1) {
    const { keepWorkers } = await import('./workers.js');
    const { keysFile } = config.access;
    if (keysFile !== undefined) (await import('../access/keys/index.js')).keepUsableKeyFile(keysFile);
    keepWorkers(config, logger, output);
  } else {
    const { serve } = await import('./serve.js');
    await serve(config, logger, output);
  }
}

async function failStart(error: unknown): Promise<void> {
  const { describeStartFailure } = await import('./start-up.js');
  printStartFailure(describeStartFailure(error));
  process.exit(1);
}

/** Ends the process at once, so that unfinished work does not begin to serve. */
function onUncaught(error: unknown): void {
  printStartFailure(`Millrace cannot start: ${describeError(error).stack}`);
  process.exit(1);
}

/**
 * Starts the server or the process that keeps several, or prints the version. If it cannot start, it prints why and ends
 * the process.
 */
export async function start(): Promise<void> {
  process.on('uncaughtException', onUncaught);
  try {
    if (process.argv.slice(2).some((argument) => argument === '--version' || argument === '-v')) {
      process.stdout.write(`${VERSION}\n`);
    } else {
      await main();
    }
    process.off('uncaughtException', onUncaught);
  } catch (error) {
    await failStart(error);
  }
}
