import 'reflect-metadata';
import cluster from 'node:cluster';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AppConfig } from '../config/index.js';
import { ServerAdapter } from '../http/index.js';
import { Clock } from '../kernel/index.js';
import { Metrics } from '../metrics/index.js';
import { fetchThroughProxies } from '../models/index.js';
import { AppModule } from './app.module.js';
import type { AppLogger } from './logger.js';
import type { OutputGuard } from './output-guard.js';
import { ServiceEnd } from './service-end.js';
import { APP_OPTIONS, setUpApp } from './set-up.js';
import { onSignals } from './shut-down.js';
import { describeStart, listen } from './start-up.js';

/** Serves in this process until a signal or an uncaught error ends it. */
export async function serve(config: AppConfig, logger: AppLogger, output: OutputGuard): Promise<void> {
  await fetchThroughProxies(config.proxy);
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.register(config),
    new ServerAdapter(config.server),
    { ...APP_OPTIONS, logger, abortOnError: false },
  );
  setUpApp(app);
  app.get(Metrics, { strict: false }).showDroppedLines(() => output.droppedLines);
  const end = new ServiceEnd(app, logger);
  onSignals(
    app.get(Clock),
    (name) => end.begin(name),
    (name, first, exitCode) => {
      logger.warn(`${name} after ${first}: leaving at once. Open responses are cut off, unsent traces are lost.`);
      process.exit(exitCode);
    },
  );
  await listen(app);
  process.on('uncaughtException', (thrown, origin) => end.onUncaught(thrown, origin));
  if (isFirstProcess()) for (const line of describeStart(app)) logger.log(line);
}

/** True for the process that logs what is served: of several that share a port, only the first one does. */
function isFirstProcess(): boolean {
  return cluster.worker === undefined || cluster.worker.id === 1;
}
