import type { RequestHandler } from 'express';

/** Where the routes of Millrace are in an application; also its dependency-injection token. */
export class DoorsPlace {
  /** What all paths begin with: empty, or such as `/ai`. */
  readonly path: string;
  /** True if Millrace serves everything below the path, with a 404 for unknown routes; false if unknown routes are the application's. */
  readonly isWhole: boolean;
  /** Handlers of the application that run before the routes. */
  readonly before: readonly RequestHandler[];
  /** True if the routes for monitoring, `/health` and `/metrics`, are served. */
  readonly watches: boolean;

  /**
   * @param path `/` or such as `/ai`
   * @param parts `isWhole` is false by default for the root, and true for any other path
   */
  constructor(path = '/', parts: Partial<Omit<DoorsPlace, 'path'>>) {
    this.path = path.replace(/\/+$/, '').replace(/^(?=[^/])/, '/');
    this.isWhole = parts.isWhole ?? this.path !== '';
    this.before = parts.before ?? [];
    this.watches = parts.watches ?? false;
  }
}
