import type * as Swagger from '@nestjs/swagger';

/** Applies the decorators of a route or controller. */
type Application = (swagger: typeof Swagger) => void;

const written: Application[] = [];

/**
 * Describes a route or a controller for openapi.json, with the decorators of `@nestjs/swagger`. They are applied only when the
 * document is made, so a server does not load that package.
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

/** Applies all descriptions so far, each once. */
export function describeRoutes(swagger: typeof Swagger): void {
  for (const apply of written.splice(0)) apply(swagger);
}
