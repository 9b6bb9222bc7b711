import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildOnce } from './build-once.js';
import { type ChildProcess, type ProcessOptions, startProcess } from './process.js';

const ROOT = join(import.meta.dirname, '../..');
const DIST = join(ROOT, 'dist');
const MAIN = join(DIST, 'main.js');

/** How long the server may take from its start until it listens, in milliseconds; a busy machine needs seconds. */
const LONGEST_START_MS = 20_000;

/** The server as it runs in production, in a process of its own. */
export interface ServerProcess {
  /** Where it listens, as its own start message says. */
  readonly url: string;
  readonly process: ChildProcess;
}

/** How a server is started. */
export interface ServerProcessOptions extends Pick<ProcessOptions, 'env' | 'cwd'> {
  /** Another program than the server as it is compiled here. */
  readonly main?: string;
}

/**
 * Compiles the server unless that has been done for the sources as they are. The first call can take ten seconds and
 * more: give the hook that makes it a timeout to match.
 */
export async function ensureServerIsBuilt(): Promise<void> {
  await buildOnce({
    sources: ['src', 'scripts', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((path) =>
      join(ROOT, path),
    ),
    output: MAIN,
    stamp: join(ROOT, 'node_modules/.cache/test-build'),
    build: async () => {
      // The steps of `npm run build`.
      for (const step of [
        ['node_modules/typescript/bin/tsc', '-b', 'tsconfig.build.json'],
        ['scripts/copy-assets.mjs'],
        ['scripts/bundle-page.mjs'],
        ['scripts/bundle.mjs'],
      ]) {
        await promisify(execFile)(process.execPath, step, { cwd: ROOT }).catch((error: Error & { stdout?: string }) => {
          throw new Error(`The server cannot be built:\n${error.stdout}`, { cause: error });
        });
      }
    },
  });
}

/**
 * Starts the compiled server on a free port of the loopback interface and waits until it listens.
 * @param options what else it finds in its environment; it inherits none. It runs in `dist`, where no `.env` lies that it
 *   could read
 */
export async function startServerProcess({
  env = {},
  cwd = DIST,
  main = MAIN,
}: ServerProcessOptions = {}): Promise<ServerProcess> {
  await ensureServerIsBuilt();
  const server = await startProcess(['--enable-source-maps', main], {
    env: { HOST: '127.0.0.1', PORT: '0', ...env },
    cwd,
  });
  try {
    const [, url = ''] = await server.waitForLine(/ready at (https?:\/\/[\w.[\]:-]+:\d+)/, {
      within: LONGEST_START_MS,
    });
    return { url, process: server };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** A port that was free a moment ago. */
export async function findFreePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return String(port);
}
