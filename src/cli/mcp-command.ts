import { Writable } from 'node:stream';
import { McpStdio } from '../api/mcp/index.js';
import { type CliEnvironment, EXIT, type ExitCode } from './cli-environment.js';
import { SIGNALS } from './signals.js';
import { useApplication } from './use-application.js';

/**
 * Serves the workflows as tools to the client that has started this process, over its standard streams, until that closes them. Whatever
 * else writes to stdout, such as an author's `console.log`, goes to stderr: one foreign line would end the conversation.
 * @param app the compiled file of the application's module, if the user names it
 */
export async function serveMcp(app: string | undefined, environment: CliEnvironment): Promise<ExitCode> {
  const { process } = environment;
  const { stdin, stdout, stderr } = process;
  const write = stdout.write.bind(stdout) as (bytes: Uint8Array, done: (error?: Error | null) => void) => boolean;
  const output = new Writable({ write: (bytes: Buffer, _encoding, done) => void write(bytes, done) });
  stdout.write = stderr.write.bind(stderr);
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  for (const signal of SIGNALS) process.once(signal, abort);
  try {
    return await useApplication(environment, app, async (application) => {
      const mcp = application.get(McpStdio, { strict: false });
      await mcp.serve({ input: stdin, output, signal: stop.signal });
      return EXIT.done;
    });
  } finally {
    for (const signal of SIGNALS) process.off(signal, abort);
    stdin.destroy();
  }
}
