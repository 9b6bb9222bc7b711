import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppLogger } from './app.logger.js';
import { AppModule } from './app.module.js';
import { APP_OPTIONS, setUpApp } from './app.setup.js';
import { describeStart, describeStartFailure } from './app.start-up.js';
import { loadConfig } from './config/index.js';

async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = loadConfig(process.env);
  const logger = new AppLogger(config.log);
  const app = await NestFactory.create<NestExpressApplication>(AppModule.register(config), {
    ...APP_OPTIONS,
    logger,
    abortOnError: false,
  });
  setUpApp(app);
  await app.listen(config.http.port, config.http.host);
  for (const line of describeStart(app)) logger.log(line);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${describeStartFailure(error)}\n`);
  process.exit(1);
}
