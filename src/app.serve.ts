import 'reflect-metadata';
import cluster from 'node:cluster';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AppLogger } from './app.logger.js';
import { AppModule } from './app.module.js';
import { APP_OPTIONS, setUpApp } from './app.setup.js';
import { onSignals } from './app.shut-down.js';
import { describeStart } from './app.start-up.js';
import type { AppConfig } from './config/index.js';
import { ServerAdapter } from './http/index.js';
import { Clock } from './kernel/index.js';

/** Serves in this process until a signal ends it. */
export async function serve(config: AppConfig, logger: AppLogger): Promise<void> {
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.register(config),
    new ServerAdapter(config.server),
    { ...APP_OPTIONS, logger, abortOnError: false },
  );
  setUpApp(app);
  // At the first signal Nest begins the graceful end; a second one means it.
  onSignals(app.get(Clock), noop, (name, first, exitCode) => {
    logger.warn(`${name} after ${first}: leaving at once. Open answers are cut off, unsent traces are lost.`);
    process.exit(exitCode);
  });
  await app.listen(config.http.port, config.http.host);
  if (isFirstProcess()) for (const line of describeStart(app)) logger.log(line);
}

const noop = (): void => undefined;

/** One of several that share a port says for all what they serve. */
function isFirstProcess(): boolean {
  return cluster.worker === undefined || cluster.worker.id === 1;
}
