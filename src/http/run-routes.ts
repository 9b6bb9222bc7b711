import { Injectable } from '@nestjs/common';

/** Paths at which runs are asked for. Each door that has one adds it when the application starts. */
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
