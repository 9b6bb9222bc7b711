import type { RequestHandler } from 'express';

/** Makes one handler of several that are called in order: each layer of Express' router costs every request some microseconds. */
export function chainHandlers(...handlers: readonly RequestHandler[]): RequestHandler {
  return (request, response, next) => {
    let at = 0;
    const step = (error?: unknown): void => {
      const handler = error === undefined ? handlers[at++] : undefined;
      if (handler === undefined) next(error);
      else void handler(request, response, step);
    };
    step();
  };
}
