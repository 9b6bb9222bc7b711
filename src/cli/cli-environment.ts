import type { INestApplicationContext } from '@nestjs/common';

/** The parts of the process that commands use. */
export interface CliEnvironment {
  /**
   * The application with its workflows, without its HTTP server. The command that opens it closes it.
   * @param app the compiled file of its module, if the user names it
   */
  readonly openApplication: (app: string | undefined) => Promise<INestApplicationContext>;
  readonly process: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr' | 'on' | 'once' | 'off' | 'cwd' | 'env'>;
}

/** Exit codes of commands. */
export const EXIT = { done: 0, failed: 1, misused: 2, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
