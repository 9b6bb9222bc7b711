import { parseArgs } from 'node:util';
import { VERSION } from '../kernel/index.js';
import { type CliEnvironment, EXIT, type ExitCode } from './cli-environment.js';
import { CliError, UsageError } from './cli-error.js';
import { showGraph } from './graph-command.js';
import { createKey, hashKey } from './key-commands.js';
import { listWorkflows } from './list-command.js';
import { newWorkflow } from './new-command.js';
import { runWorkflow } from './run-command.js';

export type { CliEnvironment } from './cli-environment.js';

const USAGE = `Usage: npm run workflow -- <command>

  list                              the workflows by id, with their aliases
  graph <id> [--format <format>]    the graph of one: mermaid (default), svg or json
  run <id> <message>                run one and show its answer as it comes; the message - is read from stdin
  new <name>                        make src/workflows/<name>/ with a workflow and its test
  key create <name>                 make an API key and show it, with its entry for API_KEYS_FILE
  key hash                          show the hash of a key, which is read from stdin

  --version                         the version of this server

npm prints a line of its own first: use "npm run --silent workflow -- …" to redirect the output.
`;

interface Options {
  readonly format?: string | undefined;
}

/** One command: what it is called with, and what it does. */
interface Command {
  /** Names of its arguments, for messages. */
  readonly parameters: readonly string[];
  readonly options: readonly (keyof Options)[];
  readonly run: (parameters: readonly string[], options: Options, environment: CliEnvironment) => Promise<ExitCode>;
}

const COMMANDS = new Map<string, Command>([
  ['list', { parameters: [], options: [], run: (_, __, environment) => listWorkflows(environment) }],
  [
    'graph',
    {
      parameters: ['id'],
      options: ['format'],
      run: ([id = ''], { format = 'mermaid' }, environment) => showGraph(id, format, environment),
    },
  ],
  [
    'run',
    {
      parameters: ['id', 'message'],
      options: [],
      run: ([id = '', message = ''], _, environment) => runWorkflow(id, message, environment),
    },
  ],
  ['new', { parameters: ['name'], options: [], run: ([name = ''], _, environment) => newWorkflow(name, environment) }],
  [
    'key create',
    { parameters: ['name'], options: [], run: ([name = ''], _, environment) => createKey(name, environment) },
  ],
  ['key hash', { parameters: [], options: [], run: (_, __, environment) => hashKey(environment) }],
]);

/**
 * Runs one command of the command line.
 * @param args what stands behind the program's name
 * @returns the exit code
 * @throws whatever the start of the application throws
 */
export async function runCli(args: readonly string[], environment: CliEnvironment): Promise<ExitCode> {
  const { stdout, stderr } = environment.process;
  try {
    const { name, parameters, help, version, ...options } = parse(args);
    if (help) {
      stdout.write(USAGE);
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
    stderr.write(`${error.message}\n${error instanceof UsageError ? `\n${USAGE}` : ''}`);
    return error instanceof UsageError ? EXIT.misused : EXIT.failed;
  }
}

function parse(args: readonly string[]): Options & {
  readonly name: string | undefined;
  readonly parameters: readonly string[];
  readonly help: boolean;
  readonly version: boolean;
} {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        format: { type: 'string', short: 'f' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
    const [name, ...parameters] = nameFirst(positionals);
    return {
      name,
      parameters,
      help: values.help === true || name === 'help',
      version: values.version === true,
      format: values.format,
    };
  } catch (error) {
    // Its messages say which option is wrong and how to write it.
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Some names have two words. */
function nameFirst(words: readonly string[]): readonly string[] {
  const both = words.slice(0, 2).join(' ');
  return COMMANDS.has(both) ? [both, ...words.slice(2)] : words;
}

function findCommand(name: string | undefined, parameters: readonly string[], options: Options): Command {
  if (name === undefined) throw new UsageError('Say what to do.');
  const command = COMMANDS.get(name);
  if (command === undefined) throw new UsageError(`There is no command "${name}".`);
  const missing = command.parameters[parameters.length];
  if (missing !== undefined) throw new UsageError(`"${name}" needs <${missing}>.`);
  if (parameters.length > command.parameters.length) {
    throw new UsageError(`"${name}" takes no "${parameters.at(-1)}". Put a text with spaces in quotes.`);
  }
  if (options.format !== undefined && !command.options.includes('format')) {
    throw new UsageError(`"${name}" takes no --format.`);
  }
  return command;
}
