import 'reflect-metadata';
import cluster from 'node:cluster';
import { existsSync } from 'node:fs';
import { AppLogger } from './app.logger.js';
import { loadConfig } from './config/index.js';

async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = loadConfig(process.env);
  const logger = new AppLogger(config.log);
  if (cluster.isPrimary && config.server.processes > 1) {
    const { keepWorkers } = await import('./app.workers.js');
    const { keysFile } = config.access;
    if (keysFile !== undefined) (await import('./access/keys/index.js')).keepKeyFile(keysFile);
    keepWorkers(config.server.processes, logger);
  } else {
    const { serve } = await import('./app.serve.js');
    await serve(config, logger);
  }
}

try {
  await main();
} catch (error) {
  const { describeStartFailure } = await import('./app.start-up.js');
  process.stderr.write(`${describeStartFailure(error)}\n`);
  process.exit(1);
}
