import { isatty } from 'node:tty';
import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { type AppConfig, LOG_LEVELS } from './config/index.js';

/** Nest's reports on its own start: of interest when it is debugged, noise otherwise. */
const FRAMEWORK_CONTEXTS = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** Nest's logger, set as the configuration says. */
export class AppLogger extends ConsoleLogger {
  readonly #showFramework: boolean;

  constructor({ level, format }: AppConfig['log']) {
    const levels = LOG_LEVELS.slice(0, LOG_LEVELS.indexOf(level) + 1) satisfies LogLevel[];
    super({
      logLevels: levels,
      json: format === 'json',
      // Fields that are logged beside a message stand at the top of its JSON object, where log collectors look.
      flattenParams: true,
      colors: format === 'pretty' && isatty(process.stdout.fd),
      prefix: 'Millrace',
    });
    this.#showFramework = levels.includes('debug');
  }

  /** ISO 8601: it sorts, names its zone, and costs less than a local format. */
  protected override getTimestamp(): string {
    return new Date().toISOString();
  }

  override log(message: unknown, ...optional: unknown[]): void {
    const context = optional.at(-1);
    if (!this.#showFramework && typeof context === 'string' && FRAMEWORK_CONTEXTS.has(context)) return;
    super.log(message, ...optional);
  }
}
