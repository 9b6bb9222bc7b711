import type { CliEnvironment, ExitCode } from './cli-environment.js';
import { buildApplication } from './dev/build-command.js';
import { startDev } from './dev/dev-command.js';
import { showGraph } from './graph-command.js';
import { initApplication } from './init-command.js';
import { createKey, hashKey } from './key-commands.js';
import { listWorkflows } from './list-command.js';
import { showModels } from './models-command.js';
import { newWorkflow } from './new-command.js';
import { runWorkflow } from './run-command.js';

/** The options by name, each with its short form and the name of its value. All take a value. */
export const OPTIONS = {
  app: { short: 'a', value: 'file' },
  format: { short: 'f', value: 'format' },
  input: { short: 'i', value: 'json' },
  inspect: { short: undefined, value: 'port' },
  millrace: { short: undefined, value: 'source' },
  kind: { short: 'k', value: 'kind' },
  main: { short: 'm', value: 'file' },
  project: { short: 'p', value: 'file' },
} as const satisfies Record<string, { readonly short: string | undefined; readonly value: string }>;

export type OptionName = keyof typeof OPTIONS;
export type Options = { readonly [name in OptionName]?: string | undefined };

/** One command: what it is called with, and what it does. */
export interface Command {
  /** Names of its arguments, for messages. */
  readonly parameters: readonly string[];
  readonly options: readonly OptionName[];
  /** For the usage: what it does, in one line or more. */
  readonly help: readonly string[];
  readonly run: (parameters: readonly string[], options: Options, environment: CliEnvironment) => Promise<ExitCode>;
}

/** The commands by name, in the order of the usage. Some names have two words. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  [
    'init',
    {
      parameters: ['folder'],
      options: ['millrace'],
      help: ['make a small application; from a tarball of Millrace, say, instead of its newest version'],
      run: ([folder = ''], { millrace }, environment) => initApplication(folder, millrace, environment),
    },
  ],
  [
    'dev',
    {
      parameters: [],
      options: ['project', 'main', 'inspect'],
      help: ['compile and run the application, again after each change'],
      run: (_, options, environment) => startDev(options, environment),
    },
  ],
  [
    'build',
    {
      parameters: [],
      options: ['project'],
      help: ['compile the application, and copy prompt files and the like'],
      run: (_, { project }, environment) => buildApplication(project, environment),
    },
  ],
  [
    'list',
    {
      parameters: [],
      options: ['app'],
      help: ['the workflows by id, with their aliases'],
      run: (_, { app }, environment) => listWorkflows(app, environment),
    },
  ],
  [
    'graph',
    {
      parameters: ['id'],
      options: ['format', 'app'],
      help: ['the graph of a workflow: mermaid (default), svg or json'],
      run: ([id = ''], { format = 'mermaid', app }, environment) => showGraph(id, { format, app }, environment),
    },
  ],
  [
    'models',
    {
      parameters: [],
      options: ['format', 'app'],
      help: ['the providers of models, and which models each agent asks: text (default) or json'],
      run: (_, { format = 'text', app }, environment) => showModels({ format, app }, environment),
    },
  ],
  [
    'run',
    {
      parameters: ['id', 'message'],
      options: ['input', 'app'],
      help: [
        'run a workflow and show its answer as it comes; the message - is read from stdin,',
        'and the input is what it is given beside messages: --input \'{"tone": "kind"}\'',
      ],
      run: ([id = '', message = ''], { input, app }, environment) =>
        runWorkflow(id, { message, input, app }, environment),
    },
  ],
  [
    'new',
    {
      parameters: ['name'],
      options: ['kind'],
      help: [
        'make src/workflows/<name>/ with a workflow and its test; what it begins with:',
        'chat (default), structured, tools, route or parallel',
      ],
      run: ([name = ''], { kind = 'chat' }, environment) => newWorkflow(name, kind, environment),
    },
  ],
  [
    'key create',
    {
      parameters: ['name'],
      options: [],
      help: ['make an API key and show it, with its entry for API_KEYS_FILE'],
      run: ([name = ''], _, environment) => createKey(name, environment),
    },
  ],
  [
    'key hash',
    {
      parameters: [],
      options: [],
      help: ['show the hash of a key, which is read from stdin'],
      run: (_, __, environment) => hashKey(environment),
    },
  ],
]);
