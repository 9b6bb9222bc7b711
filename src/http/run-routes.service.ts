import { Injectable } from '@nestjs/common';

/** Paths whose requests start runs. Each door adds its own when the application starts. */
@Injectable()
export class RunRoutes {
  readonly #paths = new Set<string>();

  add(path: string): void {
    this.#paths.add(path);
  }

  has(path: string): boolean {
    return this.#paths.has(path);
  }
}
