import { existsSync } from 'node:fs';
import { inspect } from 'node:util';
import { NestFactory } from '@nestjs/core';
import { StartUpError } from 'millrace';
import { AppModule } from './app.module.js';

if (existsSync('.env')) process.loadEnvFile('.env');

try {
  // The log is held back until the application listens, so that a failed start shows only its reason.
  const app = await NestFactory.create(AppModule, { abortOnError: false, bufferLogs: true, autoFlushLogs: false });
  // On SIGTERM and Ctrl-C, open responses are finished first.
  app.enableShutdownHooks();
  await app.listen(process.env['PORT'] ?? 3000);
  app.flushLogs();
} catch (error) {
  // Messages explain wrong settings, workflows or ports; anything else is a bug, whose stack helps.
  const isRefusal = error instanceof StartUpError || (error instanceof Error && 'syscall' in error);
  process.stderr.write(`${isRefusal ? error.message : inspect(error)}\n`);
  process.exit(1);
}
