import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import type { Request, Response, Router } from 'express';
import { MethodNotAllowedError } from '../errors/index.js';

/** Nest's metadata for the allowed parameters of a handler: the request first, the response second. */
const PARAMETERS: ReadonlySet<string> = new Set(['0:0', '1:1']);

/** Methods that Express has a function for, in the order in which an `Allow` header names them. */
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** One route of a controller. */
export interface DoorRoute {
  readonly method: (typeof METHODS)[number] | 'all';
  /** The pattern of the route for Express, such as `/items/*id`. */
  readonly path: string;
  readonly handler: (request: Request, response: Response) => unknown;
}

/**
 * Reads the routes that a controller declares with Nest's decorators, in the order of its methods. Handlers are called as
 * `(request, response)` and send the response themselves.
 * @throws Error if one takes other parameters, which only Nest's own router could supply
 */
export function readRoutes(controller: object): readonly DoorRoute[] {
  const type = controller.constructor;
  const root = readPaths(type);
  const prototype = Object.getPrototypeOf(controller) as Readonly<Record<string, unknown>>;
  return Object.getOwnPropertyNames(prototype).flatMap((name): readonly DoorRoute[] => {
    const handler = name === 'constructor' ? undefined : prototype[name];
    if (typeof handler !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, handler)) return [];
    assertPlain(type, name);
    const method = readMethod(handler);
    const call = (request: Request, response: Response): unknown => handler.call(controller, request, response);
    return root.flatMap((start) =>
      readPaths(handler).map((end) => ({ method, path: joinPaths(start, end), handler: call })),
    );
  });
}

/**
 * Makes the routes that refuse, for each path of the given ones, the methods that it does not have. They belong after all
 * others: a path with a wildcard can also match a request that a later route takes.
 */
export function makeRefusals(routes: readonly DoorRoute[]): readonly DoorRoute[] {
  const paths = new Map<string, Set<DoorRoute['method']>>();
  for (const { method, path } of routes) paths.set(path, (paths.get(path) ?? new Set()).add(method));
  return [...paths]
    .filter(([, methods]) => !methods.has('all'))
    .map(([path, methods]) => {
      const allowed = METHODS.filter((method) => methods.has(method)).map((method) => method.toUpperCase());
      const handler = (): never => {
        throw new MethodNotAllowedError(allowed);
      };
      return { method: 'all', path, handler };
    });
}

/**
 * Adds a route to an Express router.
 * @param respond responds with what a handler rejects with
 */
export function addRoute(
  router: Router,
  { method, path, handler }: DoorRoute,
  respond: (thrown: unknown, request: Request, response: Response) => void,
): void {
  router[method](path, (request: Request, response: Response): void => {
    const handled = handler(request, response);
    if (!(handled instanceof Promise)) return;
    // Express would keep the way through all its routers, two kilobytes, for as long as the promise is pending.
    request.next = undefined;
    handled.then(undefined, (thrown: unknown) => respond(thrown, request, response));
  });
}

function readPaths(declared: object): readonly string[] {
  const path = Reflect.getMetadata(PATH_METADATA, declared) as string | readonly string[] | undefined;
  return typeof path === 'string' ? [path] : (path ?? ['']);
}

function readMethod(handler: object): DoorRoute['method'] {
  const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod;
  return RequestMethod[method].toLowerCase() as DoorRoute['method'];
}

function joinPaths(...parts: readonly string[]): string {
  const names = parts.flatMap((part) => part.split('/')).filter((name) => name !== '');
  return `/${names.join('/')}`;
}

function assertPlain(type: object, name: string): void {
  const given = (Reflect.getMetadata(ROUTE_ARGS_METADATA, type, name) ?? {}) as object;
  const others = Object.keys(given).filter((key) => !PARAMETERS.has(key));
  if (others.length === 0) return;
  throw new Error(
    `${(type as { name: string }).name}.${name} must take (@Req() request, @Res() response) and nothing else.`,
  );
}
