import type * as Swagger from '@nestjs/swagger';

/** Puts what was written about a route, or about all of a controller, into the form in which the document is made of it. */
type Application = (swagger: typeof Swagger) => void;

const written: Application[] = [];

/**
 * Describes a route or a controller for openapi.json, with the decorators of `@nestjs/swagger`. They are applied where the
 * document is made: a server does without that package.
 */
export function OpenApi(
  describe: (swagger: typeof Swagger) => readonly (ClassDecorator | MethodDecorator)[],
): ClassDecorator & MethodDecorator {
  return (target: object, key?: string | symbol, descriptor?: PropertyDescriptor): void => {
    written.push((swagger) => {
      for (const decorate of describe(swagger) as readonly Decorate[]) decorate(target, key, descriptor);
    });
  };
}

type Decorate = (target: object, key?: string | symbol, descriptor?: PropertyDescriptor) => void;

/** Applies everything that was described so far, once. */
export function describeRoutes(swagger: typeof Swagger): void {
  for (const apply of written.splice(0)) apply(swagger);
}
