import type { RequestHandler } from 'express';

/** Where the routes of Millrace are in an application; also its dependency-injection token. */
export class DoorsPlace {
  /** What all paths begin with: empty, or such as `/ai`. */
  readonly path: string;
  /** True: whatever is below the path is answered here, if only with a 404. False: other routes are the application's. */
  readonly isWhole: boolean;
  /** Handlers of the application in front of the routes. */
  readonly before: readonly RequestHandler[];
  /** True if there are routes for those who watch the process: `/health` and `/metrics`. */
  readonly watches: boolean;

  /**
   * @param path `/` or such as `/ai`
   * @param parts of the root, `isWhole` is false unless it is said; of any other path, it is always true
   */
  constructor(path = '/', parts: Partial<Omit<DoorsPlace, 'path'>> = {}) {
    this.path = path.replace(/\/+$/, '').replace(/^(?=[^/])/, '/');
    this.isWhole = parts.isWhole ?? this.path !== '';
    this.before = parts.before ?? [];
    this.watches = parts.watches ?? false;
  }
}
