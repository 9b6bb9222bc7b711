import { Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import { AccessControl } from '../access/index.js';
import { AppConfig } from '../config/index.js';
import {
  AccessLog,
  answerHalfClosed,
  answerHeaders,
  API_ROOT,
  answerMalformedRequests,
  bodyLimit,
  corsOptions,
  docsHeaders,
  limitSending,
  requireHost,
  securityHeaders,
  warnOfFileLimit,
} from '../http/index.js';
import { Clock, IdSource } from '../kernel/index.js';
import { openApiDocument } from './openapi/openapi-document.js';

/** Options that every Nest application here needs, together with a `ServerAdapter`: the routes read bodies themselves. */
export const APP_OPTIONS = { bodyParser: false, bufferLogs: true } as const;

/** Makes the application that `AppModule` describes ready to listen: the same for the real process and for every test. */
export function setUpApp(app: NestExpressApplication): NestExpressApplication {
  const config = app.get(AppConfig);
  const ids = app.get(IdSource);
  const clock = app.get(Clock);
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('trust proxy', config.server.trustProxy);
  const accessLog = app.get(AccessLog, { strict: false });
  app.use(accessLog.middleware);
  app.use(answerHeaders(ids, clock));
  app.use(securityHeaders());
  app.use(requireHost);
  if (config.http.corsOrigins.length > 0) app.enableCors(corsOptions(config.http.corsOrigins));
  // Runs before bodies are read, so that a caller who is refused costs next to nothing.
  const access = app.get(AccessControl, { strict: false });
  if (!access.isOpen) app.use(API_ROOT, access.middleware);
  const { maxBodyBytes, bodyLimit: limit } = config.http;
  app.use(bodyLimit(maxBodyBytes, limit));
  if (config.http.docs) {
    app.use('/docs', docsHeaders());
    SwaggerModule.setup('docs', app, () => openApiDocument(app), { customSiteTitle: 'Millrace API' });
  }
  const server = app.getHttpServer();
  answerMalformedRequests(server, ids, accessLog);
  warnOfFileLimit(server, new Logger('Http'), clock);
  answerHalfClosed(server, clock, config.stream.heartbeatMs);
  limitSending(server, config.server.sendTimeoutMs, clock);
  return app;
}
