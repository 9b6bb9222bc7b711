import type { CliEnvironment, ExitCode } from './cli-environment.js';
import type { OptionName, Options } from './options.js';

/** One command: its arguments, and what it does. */
export interface Command {
  /** Names of its arguments, for messages. */
  readonly parameters: readonly string[];
  readonly options: readonly OptionName[];
  /** For the usage: what it does, in one line or more. */
  readonly help: readonly string[];
  readonly run: (parameters: readonly string[], options: Options, environment: CliEnvironment) => Promise<ExitCode>;
}

/**
 * The commands by name, in the order of the usage. Some names have two words. What a command does is loaded when it is
 * called: most of Nest and of Millrace is needed by a few only.
 */
export const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  [
    'init',
    {
      parameters: ['folder'],
      options: ['millrace'],
      help: ['make a small application; from a tarball of Millrace, say, instead of its newest version'],
      run: async ([folder = ''], { millrace }, environment) =>
        (await import('./init-command.js')).initApplication(folder, millrace, environment),
    },
  ],
  [
    'dev',
    {
      parameters: [],
      options: ['project', 'main', 'inspect'],
      help: ['compile and run the application, again after each change'],
      run: async (_, options, environment) => (await import('./dev/dev-command.js')).startDev(options, environment),
    },
  ],
  [
    'build',
    {
      parameters: [],
      options: ['project'],
      help: ['compile the application, and copy prompt files and the like'],
      run: async (_, { project }, environment) =>
        (await import('./dev/build-command.js')).buildApplication(project, environment),
    },
  ],
  [
    'list',
    {
      parameters: [],
      options: ['app'],
      help: ['the workflows by id, with their aliases'],
      run: async (_, { app }, environment) => (await import('./list-command.js')).listWorkflows(app, environment),
    },
  ],
  [
    'graph',
    {
      parameters: ['id'],
      options: ['format', 'app'],
      help: ['the graph of a workflow: mermaid (default), svg or json'],
      run: async ([id = ''], { format = 'mermaid', app }, environment) =>
        (await import('./graph-command.js')).showGraph(id, { format, app }, environment),
    },
  ],
  [
    'models',
    {
      parameters: [],
      options: ['format', 'app'],
      help: ['the providers of models, and which models each agent asks: text (default) or json'],
      run: async (_, { format = 'text', app }, environment) =>
        (await import('./models-command.js')).showModels({ format, app }, environment),
    },
  ],
  [
    'run',
    {
      parameters: ['id', 'message'],
      options: ['input', 'answers', 'app'],
      help: [
        'run a workflow and show its output as it comes; the message - is read from stdin,',
        'the input has the values that it reads beside messages: --input \'{"tone": "kind"}\',',
        'and the answers are those that it waits for: --answers \'{"approve": {"approved": true}}\'',
      ],
      run: async ([id = '', message = ''], { input, answers, app }, environment) =>
        (await import('./run-command.js')).runWorkflowCommand(id, { message, input, answers, app }, environment),
    },
  ],
  [
    'mcp',
    {
      parameters: [],
      options: ['app'],
      help: ['serve the workflows as tools over stdin and stdout, to clients of the Model Context Protocol'],
      run: async (_, { app }, environment) => (await import('./mcp-command.js')).serveMcp(app, environment),
    },
  ],
  [
    'runs list',
    {
      parameters: [],
      options: ['status', 'model', 'limit', 'json', 'url'],
      help: ['the runs of the API key on a server, newest first, with their states'],
      run: async (_, options, environment) => (await import('./runs/list-runs.js')).listRuns(options, environment),
    },
  ],
  [
    'runs show',
    {
      parameters: ['run'],
      options: ['follow', 'json', 'url'],
      help: [
        'a run with its steps, waits and output; with --follow event by event,',
        'until it has ended: then the exit code is 0 only if it has completed',
      ],
      run: async ([id = ''], options, environment) =>
        (await import('./runs/show-run.js')).showRun(id, options, environment),
    },
  ],
  [
    'runs cancel',
    {
      parameters: ['run'],
      options: ['json', 'url'],
      help: ['cancel a run, and wait until it has ended'],
      run: async ([id = ''], options, environment) =>
        (await import('./runs/change-run.js')).cancelRun(id, options, environment),
    },
  ],
  [
    'runs answer',
    {
      parameters: ['run', 'wait', 'value'],
      options: ['json', 'url'],
      help: [
        'answer a wait of a run, in JSON (- reads it from stdin):',
        `runs answer run_… approve '{"approved": true}'`,
      ],
      run: async ([id = '', name = '', value = ''], options, environment) =>
        (await import('./runs/change-run.js')).answerRun(id, { name, value }, options, environment),
    },
  ],
  [
    'runs retry',
    {
      parameters: ['run'],
      options: ['json', 'url'],
      help: ['repeat the request of a run in a new run, and show its id'],
      run: async ([id = ''], options, environment) =>
        (await import('./runs/change-run.js')).retryRun(id, options, environment),
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
      run: async ([name = ''], { kind = 'chat' }, environment) =>
        (await import('./new-command.js')).createWorkflow(name, kind, environment),
    },
  ],
  [
    'key create',
    {
      parameters: ['name'],
      options: [],
      help: ['make an API key and show it, with its entry for API_KEYS_FILE'],
      run: async ([name = ''], _, environment) => (await import('./key-commands.js')).createKey(name, environment),
    },
  ],
  [
    'key hash',
    {
      parameters: [],
      options: [],
      help: ['show the hash of a key, which is read from stdin'],
      run: async (_, __, environment) => (await import('./key-commands.js')).hashKey(environment),
    },
  ],
]);
