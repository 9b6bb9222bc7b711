import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { StartUpError } from '../errors/index.js';

/** An application imports Millrace more than once, so that only some of its options would count. */
class RepeatedModuleError extends StartUpError {
  constructor(count: number) {
    super(
      `Millrace cannot start: MillraceModule is imported ${count} times, and an application has one. Call forRoot() or forRootAsync() once, in the application's own module: it is global, so other modules need not import it.`,
      [],
    );
  }
}

/**
 * Makes sure that an application imports Millrace once: otherwise its parts would take their settings from whichever
 * import comes first.
 */
@Injectable()
export class OneModule implements OnModuleInit {
  constructor(private readonly modules: ModulesContainer) {}

  /** @throws StartUpError */
  onModuleInit(): void {
    const count = [...this.modules.values()].filter((module) => module.hasProvider(OneModule)).length;
    if (count > 1) throw new RepeatedModuleError(count);
  }
}
