import { Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppConfig } from '../config/index.js';
import { AccessLog, answerHalfClosed, answerMalformedRequests, warnOfFileLimit } from '../http/index.js';
import { Clock, IdSource } from '../kernel/index.js';

/** Options of the service's Nest application, together with a `ServerAdapter`: it has no routes but Millrace's. */
export const APP_OPTIONS = { bodyParser: false, bufferLogs: true } as const;

/**
 * Makes the application that `AppModule` describes ready to listen, in the real process and in every test. It sets what
 * only the owner of a server may decide; what holds for the routes of Millrace is in `http/`.
 */
export function setUpApp(app: NestExpressApplication): NestExpressApplication {
  const config = app.get(AppConfig);
  const clock = app.get(Clock);
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('trust proxy', config.server.trustProxy);
  const server = app.getHttpServer();
  answerMalformedRequests(server, app.get(IdSource), app.get(AccessLog, { strict: false }));
  warnOfFileLimit(server, new Logger('Http'), clock);
  answerHalfClosed(server, clock, config.stream.heartbeatMs);
  return app;
}
