import { existsSync } from 'node:fs';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

if (existsSync('.env')) process.loadEnvFile('.env');

const app = await NestFactory.create(AppModule);
// On SIGTERM and Ctrl-C, open answers are finished first.
app.enableShutdownHooks();
await app.listen(process.env['PORT'] ?? 3000);
