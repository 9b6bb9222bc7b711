import { text as readText } from 'node:stream/consumers';
import { sha256 } from '../kernel/index.js';
import { type CliEnvironment, EXIT, type ExitCode } from './cli-environment.js';
import { CliError, UsageError } from './cli-error.js';

const VALID_NAME = /^[\w.@-]{1,64}$/;

/** Makes a key and prints it, once, with the entry that holds its hash for the server. Nothing is stored. */
export async function createKey(name: string, { process }: CliEnvironment): Promise<ExitCode> {
  if (!VALID_NAME.test(name)) {
    throw new UsageError(`"${name}" cannot be the name of a key. Use up to 64 letters, digits and . @ _ -`);
  }
  // Loaded only here: other commands do not need it.
  const { makeKey } = await import('../access/index.js');
  const key = makeKey();
  process.stdout.write(
    [
      key,
      '',
      'Give this key to its user. It is shown only now, and cannot be recovered.',
      'The server knows it by its hash: add this entry to API_KEYS_FILE',
      '',
      `- name: ${JSON.stringify(name)}`,
      `  hash: sha256:${sha256(key)}`,
      '',
      'or this one to API_KEYS',
      '',
      `${name}=sha256:${sha256(key)}`,
      '',
    ].join('\n'),
  );
  return EXIT.done;
}

/**
 * Prints the hash of a key that was made elsewhere. It is read from stdin, because arguments show in lists of
 * processes.
 */
export async function hashKey({ process }: CliEnvironment): Promise<ExitCode> {
  const key = (await readText(process.stdin)).trim();
  if (key === '')
    throw new CliError('No key was given on standard input. Pipe it in: printf %s "$KEY" | millrace key hash.');
  if (!/^[!-~]+$/.test(key)) throw new CliError('A key must consist of visible ASCII characters without spaces.');
  process.stdout.write(`sha256:${sha256(key)}\n`);
  return EXIT.done;
}
