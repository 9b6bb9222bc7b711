import { Injectable } from '@nestjs/common';
import cors from 'cors';
import { Router } from 'express';
import { AccessControl } from '../access/index.js';
import { AppConfig } from '../config/index.js';
import { Clock, IdSource } from '../kernel/index.js';
import { AccessLog } from './access-log.middleware.js';
import { addOpenAiHeaders } from './openai-headers.middleware.js';
import { API_ROOT } from './api-root.js';
import { limitBody } from './body-limit.middleware.js';
import { EXPOSED_HEADERS, makeCorsOptions } from './cors.js';
import { DoorsPlace } from './doors-place.js';
import { GracefulShutdown } from './graceful-shutdown.service.js';
import { chainHandlers } from './chain-handlers.js';
import { requireHost } from './require-host.middleware.js';
import { addSecurityHeaders } from './security-headers.middleware.js';
import { limitSending } from './send-limit.middleware.js';
import { keepResponseOrder } from './response-order.middleware.js';

/** The middleware of all routes. */
@Injectable()
export class RequestChain {
  readonly #guard = Router();
  readonly #guarded = new Set<string>();
  readonly #exposedHeaders = [...EXPOSED_HEADERS];

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly accessLog: AccessLog,
    private readonly access: AccessControl,
    private readonly shutdown: GracefulShutdown,
    private readonly place: DoorsPlace,
  ) {}

  /** Adds the middleware to a router, in the order in which requests pass it. */
  install(router: Router): void {
    const { config, clock } = this;
    const { corsOrigins, maxBodyBytes, bodyLimit: limit } = config.http;
    router.use(
      chainHandlers(
        keepResponseOrder,
        this.shutdown.middleware,
        limitSending(config.server.sendTimeoutMs, clock),
        this.accessLog.middleware,
        addOpenAiHeaders(this.ids, clock),
        addSecurityHeaders(),
        requireHost,
      ),
    );
    if (corsOrigins.length > 0) router.use(cors(makeCorsOptions(corsOrigins, this.#exposedHeaders)));
    if (this.place.before.length > 0) router.use(...this.place.before);
    // Before bodies are read, so that a refused caller costs next to nothing.
    if (!this.access.isOpen) router.use(this.#guard);
    // Unknown routes, too.
    this.guard(API_ROOT);
    router.use(limitBody(maxBodyBytes, limit));
  }

  /** Where keys or tokens are configured, makes every path below a root ask for one. @param root such as `/v1` */
  guard(root: string): void {
    if (this.access.isOpen || this.#guarded.has(root)) return;
    this.#guarded.add(root);
    this.#guard.use(root, this.access.middleware);
  }

  /** Lets pages of other origins read response headers. @param names in lower case */
  exposeHeaders(names: readonly string[]): void {
    this.#exposedHeaders.push(...names);
  }
}
