import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildOnce } from './build-once.js';
import { type ChildProcess, type ProcessOptions, startProcess } from './process.js';
import { ROOT, DIST, MAIN } from './places.js';

/** The longest time from the start of the server until it listens, in milliseconds; a busy machine needs seconds. */
const LONGEST_START_MS = 20_000;

/** The compiled server in a process of its own, as in production. */
export interface ServerProcess {
  /** Its base URL, from its start message. */
  readonly url: string;
  readonly process: ChildProcess;
}

/** The options of a server process. */
interface ServerProcessOptions extends Pick<ProcessOptions, 'env' | 'cwd'> {
  /** A program in place of the compiled server of this checkout. */
  readonly main?: string;
}

/**
 * Compiles the server unless the build is up to date. The first call can take more than ten seconds: give its hook a
 * sufficient timeout.
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
        ['node_modules/typescript-7/bin/tsc', '-b', 'tsconfig.build.json'],
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
 * @param options its environment, of which it inherits nothing. By default it runs in `dist`, which has no `.env`
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
