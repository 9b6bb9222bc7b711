import { countSlips } from '../kernel/index.js';
import { type Command, COMMANDS } from './commands.js';
import { OPTIONS } from './options.js';

const NAME_WIDTH = 34;

/** Describes how one command is used; if there is no such command, names all. */
export function describeUsage(name = ''): string {
  const command = COMMANDS.get(name);
  const hint = 'millrace --help describes all commands.';
  if (command === undefined)
    return `Usage: millrace <command>, which is one of: ${[...COMMANDS.keys()].join(', ')}.\n${hint}\n`;
  return `Usage: millrace\n${describeCommand(name, command).join('\n')}\n${hint}\n`;
}

/** Finds the commands that an unknown name may mean; empty if none is near. */
export function guessCommand(name: string): string {
  const all = [...COMMANDS.keys()];
  const ofGroup = all.filter((known) => known.startsWith(`${name} `));
  const near = all.filter((known) => countSlips(name, known) <= 2);
  const meant = ofGroup.length > 0 ? ofGroup : near;
  return meant.length === 0 ? '' : ` Did you mean ${meant.map((known) => `"${known}"`).join(' or ')}?`;
}

/** Describes how all commands are used. */
export function describeWholeUsage(): string {
  const commands = [...COMMANDS].flatMap(([name, command]) => describeCommand(name, command));
  return `Usage: millrace <command>

${[...commands, ...describeLine('--version', 'the version of Millrace')].join('\n')}

Commands on runs ask a server: that of --url or MILLRACE_URL, else http://localhost:8080 (or PORT), with the key in
MILLRACE_API_KEY. Variables may stand in .env.

In a project: npx millrace <command>. In a checkout of Millrace: npm run workflow -- <command>.
npm prints a line of its own first: use "npm run --silent workflow -- …" to redirect the output.
`;
}

function describeCommand(name: string, { parameters, options, help }: Command): string[] {
  const call = [
    name,
    ...parameters.map((parameter) => `<${parameter}>`),
    ...options.map((option) => {
      const { value } = OPTIONS[option];
      return value === undefined ? `[--${option}]` : `[--${option} <${value}>]`;
    }),
  ];
  return describeLine(call.join(' '), ...help);
}

/** Writes the call in the first column and its meaning in the second, which begins in the next line if the first is long. */
function describeLine(call: string, ...help: readonly string[]): string[] {
  const [first = '', ...others] = help;
  const rest = others.map((line) => `  ${' '.repeat(NAME_WIDTH)}${line}`);
  if (call.length < NAME_WIDTH) return [`  ${call.padEnd(NAME_WIDTH)}${first}`, ...rest];
  return [`  ${call}`, `  ${' '.repeat(NAME_WIDTH)}${first}`, ...rest];
}
