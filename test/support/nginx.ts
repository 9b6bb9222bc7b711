import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { eventually, within } from './eventually.js';
import { describeIfRuns } from './programs.js';
import { findFreePort } from './server-process.js';
import { ROOT } from './places.js';

const TEMPLATE = join(ROOT, 'deploy/nginx/nginx.conf.template');
const ACCESS_LOG = 'access.log';
const ERROR_LOG = 'error.log';
/** nginx is often in a folder that is not in the search path of ordinary users. */
const ENV = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` };

/** The variables of the shipped configuration, except the two addresses. */
export interface GatewaySettings {
  readonly GATEWAY_BODY_LIMIT: string;
  readonly GATEWAY_READ_TIMEOUT: string;
  readonly GATEWAY_KEEP_ALIVE: string;
}

/** `describe` for tests that need nginx. Where it is missing they are skipped, with a notice; in continuous integration they fail. */
export const describeWithNginx = process.env['CI'] === 'true' ? describe : describeIfRuns('nginx', ['-v'], ENV);

/** The shipped configuration with these settings, rendered as in the official image. */
export async function readShippedConfig(settings: GatewaySettings, listen: string, upstream: string): Promise<string> {
  const values: Readonly<Record<string, string>> = { ...settings, GATEWAY_LISTEN: listen, MILLRACE_UPSTREAM: upstream };
  return (await readFile(TEMPLATE, 'utf8')).replace(/\$\{((?:GATEWAY|MILLRACE)_\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`The template has a variable that the test does not know: ${name}`);
    return value;
  });
}

/** The smallest configuration of a proxy: nginx's defaults, except for the read timeout. */
export function makeDefaultConfig(readTimeout: string, listen: string, upstream: string): string {
  return `
    pid nginx.pid;
    events {}
    http {
      access_log off;
      client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
      proxy_read_timeout ${readTimeout};
      server {
        listen ${listen};
        location / { proxy_pass http://${upstream}; }
      }
    }`;
}

/** A real nginx on a free port of the loopback interface, with a folder of its own. Whoever starts one must {@link stop} it. */
export class Nginx {
  private constructor(
    /** Without a slash at the end. */
    readonly url: string,
    private process: ChildProcess,
    private readonly prefix: string,
  ) {}

  /**
   * @param configure gives the configuration for the address to listen on
   * @throws Error with nginx's message, if it refuses the configuration
   */
  static async start(configure: (listen: string) => string | Promise<string>): Promise<Nginx> {
    const listen = `127.0.0.1:${await findFreePort()}`;
    const prefix = await mkdtemp(join(tmpdir(), 'nginx-'));
    // If root starts nginx, its workers run as another user.
    await chmod(prefix, 0o755);
    await writeFile(join(prefix, 'nginx.conf'), await configure(listen));
    try {
      const nginx = new Nginx(`http://${listen}`, await startIn(prefix), prefix);
      await nginx.#waitUntilItListens();
      return nginx;
    } catch (error) {
      await rm(prefix, { recursive: true, force: true });
      throw error;
    }
  }

  /** Ends it at once, and starts it again at the same address. */
  async restart(): Promise<void> {
    await this.#end();
    this.process = await startIn(this.prefix);
    await this.#waitUntilItListens();
  }

  /** Its error log. */
  get errors(): string {
    return readFileSync(join(this.prefix, ERROR_LOG), 'utf8');
  }

  get accessLog(): string {
    return readFileSync(join(this.prefix, ACCESS_LOG), 'utf8');
  }

  /** Ends it at once, also with open connections. */
  async stop(): Promise<void> {
    await this.#end();
    await rm(this.prefix, { recursive: true });
  }

  async #end(): Promise<void> {
    const ended: Promise<unknown> = this.process.exitCode === null ? once(this.process, 'exit') : Promise.resolve();
    // Not SIGKILL: the workers would continue.
    this.process.kill('SIGTERM');
    await within(ended, { message: 'the end of nginx' });
  }

  async #waitUntilItListens(): Promise<void> {
    const { host } = new URL(this.url);
    await eventually(() => accepts(host), { message: `nginx to listen at ${host}` }).catch(async (error: unknown) => {
      const { errors } = this;
      await this.#end();
      throw new Error(`nginx does not listen: ${errors}`, { cause: error });
    });
  }
}

/** Starts nginx with the configuration in this folder, which it writes to as well. */
async function startIn(prefix: string): Promise<ChildProcess> {
  const args = ['-p', `${prefix}/`, '-e', 'stderr', '-c', 'nginx.conf'];
  // The output goes to files, because Node's pipes are sockets, which nginx cannot open as /dev/stdout.
  const [out, err] = [openSync(join(prefix, ACCESS_LOG), 'a'), openSync(join(prefix, ERROR_LOG), 'a')];
  try {
    const options = { env: ENV, stdio: ['ignore' as const, out, err] };
    const check = spawnSync('nginx', [...args, '-t'], options);
    if (check.status !== 0) {
      throw new Error(`nginx -t: ${check.error?.message ?? readFileSync(join(prefix, ERROR_LOG), 'utf8')}`);
    }
    const child = spawn('nginx', [...args, '-g', 'daemon off;'], options);
    await once(child, 'spawn');
    return child;
  } finally {
    closeSync(out);
    closeSync(err);
  }
}

function accepts(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`http://${address}`);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
