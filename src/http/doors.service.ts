import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type NextFunction, type Request, type Response, Router } from 'express';
import { StartUpError, UnknownRouteError } from '../errors/index.js';
import { isPresent } from '../kernel/index.js';
import { API_ROOT } from './api-root.js';
import { addRoute, type DoorRoute, makeRefusals, readRoutes } from './door-routes.js';
import { DoorsPlace } from './doors-place.js';
import { ErrorResponses } from './error-responses.middleware.js';
import { RequestChain } from './request-chain.service.js';

/** The application does not run on Express. */
class AdapterError extends StartUpError {
  constructor(type: string) {
    super(
      `Millrace cannot start: its routes need Express, and this application runs on ${type}. Create it without another adapter: NestFactory.create(AppModule), with @nestjs/platform-express.`,
      [],
    );
  }
}

/** A path that begins with the root of the API once or more often. */
const ROOTS = new RegExp(`^(${API_ROOT})+`);

/** What a door says about its routes. */
interface DoorOptions {
  /** True if its routes ask for no key or token. By default, where some are configured, all paths below its first segment do. */
  readonly isPublic?: boolean;
  /** Its own response headers that pages of other origins may read, in lower case. */
  readonly exposedHeaders?: readonly string[];
}

/**
 * All routes of Millrace, on an Express router of their own with all their middleware. The router comes before everything else in
 * the application, so that nothing else reads a body or changes a response before; and it leaves the application's own routes
 * alone.
 */
@Injectable()
export class Doors implements OnModuleInit {
  readonly #router = Router();
  readonly #routes: DoorRoute[] = [];
  #adapter = 'express';

  constructor(
    adapterHost: HttpAdapterHost,
    private readonly place: DoorsPlace,
    private readonly chain: RequestChain,
    private readonly errors: ErrorResponses,
  ) {
    chain.install(this.#router);
    // Runs as soon as there is an adapter, which is before the application's own middleware, and never without a
    // server.
    adapterHost.init$.subscribe(() => {
      const adapter = adapterHost.httpAdapter as HttpAdapterHost['httpAdapter'] | null | undefined;
      if (!isPresent(adapter)) return;
      this.#adapter = adapter.getType();
      if (this.#adapter !== 'express') return;
      if (place.isWhole) adapter.use(place.path === '' ? '/' : place.path, this.#router);
      else adapter.use(this.#takeOwn);
    });
  }

  /**
   * Opens a door: the routes that a controller declares. Modules call it in their constructors. Other methods of its paths get
   * 405.
   */
  open(controller: object, { isPublic = false, exposedHeaders = [] }: DoorOptions = {}): void {
    const routes = readRoutes(controller);
    if (!isPublic) for (const { path } of routes) this.chain.guard(findRoot(path));
    this.chain.exposeHeaders(exposedHeaders);
    this.#add(routes);
    this.#routes.push(...routes);
  }

  /** All routes, in their order, such as `GET /items/{id}`. */
  get list(): readonly string[] {
    return this.#routes.flatMap(({ method, path }) =>
      method === 'all' ? [] : `${method.toUpperCase()} ${this.place.path}${path.replaceAll(/[:*](\w+)/g, '{$1}')}`,
    );
  }

  /** @throws StartUpError if the application does not run on Express */
  onModuleInit(): void {
    if (this.#adapter !== 'express') throw new AdapterError(this.#adapter);
    this.#add(makeRefusals(this.#routes));
    this.#router.use((request: Request) => {
      throw new UnknownRouteError(request.method, request.baseUrl + request.path, this.#advise(request));
    });
    this.#router.use(this.errors.middleware);
  }

  #add(routes: readonly DoorRoute[]): void {
    for (const route of routes) addRoute(this.#router, route, this.errors.respond);
  }

  /** Takes only the requests for Millrace's routes, where the application has routes of its own beside them. */
  readonly #takeOwn = (request: Request, response: Response, next: NextFunction): void => {
    if (this.#owns(request.path)) this.#router(request, response, next);
    else next();
  };

  #owns(path: string): boolean {
    const asked = path.toLowerCase();
    return this.#routes.some(({ path: own }) => {
      const wildcard = own.search(/[:*]/);
      return wildcard === -1 ? asked === own || asked === `${own}/` : asked.startsWith(own.slice(0, wildcard));
    });
  }

  /** Advises on a route that does not exist: the one that was probably meant, or those of the API. */
  #advise({ method, path }: Request): string {
    const base = this.place.path;
    const routes = this.list.filter((route) => route.includes(` ${base}${API_ROOT}/`));
    // The usual mistake is a base URL without the root, or with the root twice.
    const meant = [`${method} ${base}${API_ROOT}${path}`, `${method} ${base}${path.replace(ROOTS, API_ROOT)}`];
    const found = routes.find((route) => meant.includes(route));
    if (found !== undefined) {
      return `Did you mean ${found}? The base URL that clients are given ends in ${base}${API_ROOT}.`;
    }
    if (path.startsWith(API_ROOT)) return `There are: ${routes.join(', ')}.`;
    // The first one that needs no id lists the models.
    const start = routes.find((route) => route.startsWith('GET ') && !route.includes('{')) ?? 'GET /';
    return `The API is below ${base}${API_ROOT}: ${start} is a start.`;
  }
}

/** The first segment of a path: `/items` of `/items/1`. */
const findRoot = (path: string): string => /^\/[^/]*/.exec(path)?.[0] ?? '/';
