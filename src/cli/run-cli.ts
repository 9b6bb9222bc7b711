import { parseArgs } from 'node:util';
import { countSlips, ensureError, readErrorCode, VERSION } from '../kernel/index.js';
import { type CliEnvironment, EXIT, type ExitCode } from './cli-environment.js';
import { CliError, UsageError } from './cli-error.js';
import { type Command, COMMANDS } from './commands.js';
import { type OptionName, OPTIONS, type Options } from './options.js';
import { describeUsage, describeWholeUsage, guessCommand } from './usage.js';

export type { CliEnvironment } from './cli-environment.js';

/** The default address at which a debugger can be attached. */
const INSPECTOR = '127.0.0.1:9229';

/**
 * Runs one command of the command line.
 * @param args the arguments after the program's name
 * @returns the exit code
 * @throws whatever the start of the application throws
 */
export async function runCli(args: readonly string[], environment: CliEnvironment): Promise<ExitCode> {
  const { stdout, stderr } = environment.process;
  try {
    const { name, parameters, help, version, options } = parseArguments(args);
    if (help) {
      stdout.write(describeWholeUsage());
      return EXIT.done;
    }
    if (version) {
      stdout.write(`${VERSION}\n`);
      return EXIT.done;
    }
    const command = findCommand(name, parameters, options);
    return await command.run(parameters, options, environment);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    stderr.write(
      `${error.message}\n${error instanceof UsageError ? `\n${describeUsage(joinCommandName(args)[0])}` : ''}`,
    );
    return error instanceof UsageError ? EXIT.misused : EXIT.failed;
  }
}

function parseArguments(args: readonly string[]): {
  readonly name: string | undefined;
  readonly parameters: readonly string[];
  readonly options: Options;
  readonly help: boolean;
  readonly version: boolean;
} {
  try {
    const {
      values: { help, version, ...options },
      positionals,
    } = parseArgs({
      args: args.map((arg) => (arg === '--inspect' ? `--inspect=${INSPECTOR}` : arg)),
      allowPositionals: true,
      options: {
        ...Object.fromEntries(
          Object.entries(OPTIONS).map(([name, { short, value }]) => [
            name,
            { type: value === undefined ? ('boolean' as const) : 'string', ...(short !== undefined && { short }) },
          ]),
        ),
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
    const [name, ...parameters] = joinCommandName(positionals);
    return {
      name,
      parameters,
      help: help === true || name === 'help',
      version: version === true,
      options,
    };
  } catch (error) {
    throw new UsageError(describeMisuse(ensureError(error)));
  }
}

/** The messages of `parseArgs` say which option is wrong and how to write it, but not which may have been meant. */
function describeMisuse(error: Error): string {
  if (readErrorCode(error) !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return error.message;
  const [, option = ''] = /'([^']+)'/.exec(error.message) ?? [];
  const near = [...Object.keys(OPTIONS), 'help', 'version'].filter((name) => countSlips(`--${name}`, option) <= 2);
  const guess = near.length === 0 ? '' : ` Did you mean ${near.map((name) => `--${name}`).join(' or ')}?`;
  return `There is no option ${option}.${guess} Put -- before a text that begins with -, for example: -- "-1".`;
}

/** Joins the first two words if they are the name of a command. */
function joinCommandName(words: readonly string[]): readonly string[] {
  const both = words.slice(0, 2).join(' ');
  return COMMANDS.has(both) ? [both, ...words.slice(2)] : words;
}

function findCommand(name: string | undefined, parameters: readonly string[], options: Options): Command {
  if (name === undefined) throw new UsageError('Say what to do.');
  const command = COMMANDS.get(name);
  if (command === undefined) {
    // The next argument may be the second word of its name.
    const [more = ''] = parameters;
    const guess = guessCommand(`${name} ${more}`.trim()) || guessCommand(name);
    throw new UsageError(`There is no command "${name}".${guess}`);
  }
  const missing = command.parameters[parameters.length];
  if (missing !== undefined) throw new UsageError(`"${name}" needs <${missing}>.`);
  if (parameters.length > command.parameters.length) {
    const hint = command.parameters.length === 0 ? '' : ' Put a text with spaces in quotes.';
    throw new UsageError(`"${name}" takes no "${parameters.at(-1)}".${hint}`);
  }
  const foreign = Object.keys(options).find((option) => !command.options.includes(option as OptionName));
  if (foreign !== undefined) throw new UsageError(`"${name}" takes no --${foreign}.`);
  return command;
}
