import { isatty } from 'node:tty';
import { inspect } from 'node:util';
import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { type AppConfig, LOG_LEVELS } from '../config/index.js';
import { escapeControls, escapeControlsInLines } from '../kernel/index.js';

/** Nest's reports on its own start: useful for debugging, noise otherwise. */
const FRAMEWORK_CONTEXTS = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** What JSON lines call the levels: log collectors know these names. */
const USUAL_LEVELS: Readonly<Record<LogLevel, string>> = {
  fatal: 'fatal',
  error: 'error',
  warn: 'warn',
  log: 'info',
  debug: 'debug',
  verbose: 'trace',
};

const LISTEN_ERROR = /^Error: (listen|bind|getaddrinfo) /;

type JsonLineParts = Parameters<ConsoleLogger['getJsonLogObject']>[1];
type JsonLine = ReturnType<ConsoleLogger['getJsonLogObject']>;

/**
 * Nest's logger, set up by the configuration. Characters that could forge a line of the log, move the cursor or turn
 * the text around are escaped.
 */
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

  override error(message: unknown, ...optional: unknown[]): void {
    if (!this.#showFramework && isLoggedTwice(message, optional.at(-1))) return;
    super.error(message, ...optional);
  }

  /** Makes the same line as Nest in a third of the time: every request writes one. */
  protected override getJsonLogObject(message: unknown, options: JsonLineParts): JsonLine {
    const { logLevel: level, context, errorStack, error, params } = options;
    if (errorStack !== undefined || error !== undefined || !context) return super.getJsonLogObject(message, options);
    const line: JsonLine = { level, pid: process.pid, timestamp: Date.now(), message, context };
    for (const name in params) {
      const value: unknown = params[name];
      if (value !== undefined && !(name in line)) line[name] = value;
    }
    return line;
  }

  protected override stringifyJsonLogObject(logObject: Record<string, unknown>): string {
    logObject['level'] = USUAL_LEVELS[logObject['level'] as LogLevel];
    return escapeControls(isFlat(logObject) ? JSON.stringify(logObject) : super.stringifyJsonLogObject(logObject));
  }

  protected override stringifyMessage(message: unknown, logLevel: LogLevel): string {
    const resolved = this.resolveMessage(message);
    const text = typeof resolved === 'string' ? resolved : inspect(resolved, { ...this.inspectOptions, colors: false });
    return super.stringifyMessage(escapeControlsInLines(text), logLevel);
  }

  /** Fields follow the message as `name=value`. A field that the message contains in the same words is left out. */
  protected override formatMessage(
    logLevel: LogLevel,
    message: unknown,
    pidMessage: string,
    formattedLogLevel: string,
    contextMessage: string,
    timestampDiff: string,
    params?: Record<string, unknown>,
  ): string {
    const said = typeof message === 'string' ? message : '';
    const fields = Object.entries(params ?? {}).filter(
      ([, value]) => value !== undefined && !(typeof value === 'string' && value.includes(' ') && said.includes(value)),
    );
    return super.formatMessage(
      logLevel,
      message,
      pidMessage,
      formattedLogLevel,
      contextMessage,
      timestampDiff,
      fields.length === 0 ? undefined : Object.fromEntries(fields),
    );
  }

  protected override stringifyParams(params: Record<string, unknown>): string {
    const fields = Object.entries(params).map(([name, value]) => `${name}=${this.#formatField(value)}`);
    return escapeControls(fields.join(' '));
  }

  #formatField(value: unknown): string {
    if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
    return inspect(value, { ...this.inspectOptions, colors: false, breakLength: Infinity });
  }

  protected override formatContext(context: string): string {
    return super.formatContext(escapeControls(context));
  }

  protected override printStackTrace(stack: string | undefined): void {
    // The first line is indented, too, because the thrown error chose its text.
    if (stack !== undefined && stack !== '') super.printStackTrace(escapeControlsInLines(`  ${stack}`));
  }
}

/**
 * Most characters of all texts of a line that is written without Nest's handling of values that are large, circular or
 * no JSON.
 */
const MOST_FLAT = 8 * 1024;

/**
 * Whether all fields of a line are short texts, finite numbers or booleans: then JSON.stringify loses nothing, at a
 * third of the cost.
 */
function isFlat(line: Readonly<Record<string, unknown>>): boolean {
  let length = 0;
  for (const name in line) {
    const value = line[name];
    if (typeof value === 'string') length += value.length;
    else if (typeof value === 'number') {
      if (!Number.isFinite(value)) return false;
    } else if (typeof value !== 'boolean' && value !== undefined) return false;
  }
  return length <= MOST_FLAT;
}

/**
 * True for a line that would be logged twice. Nest logs an error of the start (a port that is taken, a class that cannot be
 * made) and then throws it, and the code that ends the process for it logs it again.
 */
function isLoggedTwice(message: unknown, context: unknown): boolean {
  return context === 'ExceptionHandler' || (context === 'NestApplication' && LISTEN_ERROR.test(String(message)));
}
