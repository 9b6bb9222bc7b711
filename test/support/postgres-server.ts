import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe } from '@jest/globals';
import pg from 'pg';
import { type ChildProcess, startProcess } from './process.js';
import { describeIfRuns } from './programs.js';
import { findFreePort } from './server-process.js';

const run = promisify(execFile);

/** Debian's folder of PostgreSQL's programs, which is not in the search path. */
const DEBIAN = '/usr/lib/postgresql';

/** The superuser of these servers, which has no password. */
const USER = 'millrace';

/** The folder of the newest PostgreSQL on this machine, with a slash. Empty: it is in the search path, or missing. */
function findPrograms(): string {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).filter((name) => /^\d+$/.test(name)) : [];
  const newest = versions.toSorted((one, other) => Number(other) - Number(one))[0];
  return newest === undefined ? '' : join(DEBIAN, newest, 'bin/');
}

/** The folder of PostgreSQL's programs, with a slash. Empty: they are in the search path. */
export const POSTGRES_PROGRAMS = findPrograms();

/** `describe` for tests with a real PostgreSQL. They are skipped without one, except in CI. */
export const describeWithPostgres =
  process.env['CI'] === 'true' ? describe : describeIfRuns(`${POSTGRES_PROGRAMS}postgres`, ['--version']);

/** The failures that a server must survive. */
interface PostgresOptions {
  /** True: commits survive a crash of the machine. Absent: they only survive a crash of the server. */
  readonly isDurable?: boolean;
}

/**
 * A real PostgreSQL on a port of its own, with its files in a folder of its own. PostgreSQL refuses root, so as root it runs as Debian's user for it.
 */
export class PostgresServer {
  #process: ChildProcess | undefined;
  #databases = 0;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly options: PostgresOptions,
  ) {}

  static async start(options: PostgresOptions = {}): Promise<PostgresServer> {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-postgres-'));
    // The server's user must be able to enter this folder; only that user can read the folders in it.
    await chmod(folder, 0o755);
    const data = join(folder, 'data');
    await mkdir(data, { mode: 0o700 });
    const server = new PostgresServer(Number(await findFreePort()), folder, options);
    try {
      await cp(await makeTemplate(), data, { recursive: true });
      if (isRoot()) await run('chown', ['-R', 'postgres', data]);
      await server.up();
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  /** The address of its first database. */
  get url(): string {
    return this.makeUrl('postgres');
  }

  /**
   * Makes an empty database, and returns its address.
   * @param folder the folder of its files; undefined: the server's own
   */
  async createDatabase(folder?: string): Promise<string> {
    const name = `test_${++this.#databases}`;
    if (folder !== undefined) {
      if (isRoot()) await run('chown', ['postgres', folder]);
      await this.query(`create tablespace ${name} location '${folder}'`);
    }
    await this.query(`create database ${name}${folder === undefined ? '' : ` tablespace ${name}`}`);
    return this.makeUrl(name);
  }

  /** Runs a query in its first database, as the superuser. */
  async query<Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return queryPostgres<Row>(this.url, sql, values);
  }

  /** Starts it with the same port and files as before, and waits until it accepts connections. */
  async up(): Promise<void> {
    const settings = {
      port: this.port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: 200,
      ...(this.options.isDurable !== true && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    this.#process = await startAsServer('postgres', ['-D', join(this.folder, 'data'), ...args]);
    await this.#process.waitForLine(/database system is ready to accept connections/);
  }

  /** Crashes it: its connections break, and it writes nothing more. It stays down until {@link up}. */
  async crash(): Promise<void> {
    // SIGQUIT is PostgreSQL's immediate shutdown. It goes to the server only, which ends its own processes.
    this.#process?.signal('SIGQUIT');
    await this.#process?.exit;
    this.#process = undefined;
  }

  /** Crashes it, and starts it again. */
  async restart(): Promise<void> {
    await this.crash();
    await this.up();
  }

  /** Copies all committed data, like a standby that falls behind from now on. */
  async copy(): Promise<void> {
    await rm(this.#standby, { recursive: true, force: true });
    await mkdir(this.#standby, { mode: 0o700 });
    if (isRoot()) await run('chown', ['postgres', this.#standby]);
    const from = ['-h', '127.0.0.1', '-p', String(this.port), '-U', USER];
    const copying = await startAsServer('pg_basebackup', [...from, '-D', this.#standby, '-c', 'fast', '--no-sync']);
    const { code } = await copying.exit;
    if (code !== 0) throw new Error(`pg_basebackup ended with ${code}:\n${copying.stdout}${copying.stderr}`);
  }

  /** Crashes it, and continues at the same address with the last {@link copy}: later commits are lost. */
  async failOver(): Promise<void> {
    await this.crash();
    const data = join(this.folder, 'data');
    await rm(data, { recursive: true });
    await rename(this.#standby, data);
    await this.up();
  }

  get #standby(): string {
    return join(this.folder, 'standby');
  }

  /** Suspends it: connections stay open, but neither they nor new ones get a reply. */
  async freeze(): Promise<void> {
    await this.#signalAll('STOP');
  }

  async thaw(): Promise<void> {
    await this.#signalAll('CONT');
  }

  async close(): Promise<void> {
    if (this.#process !== undefined) {
      await this.thaw();
      await this.crash();
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  makeUrl(database: string): string {
    return `postgres://${USER}@127.0.0.1:${this.port}/${database}`;
  }

  /** Signals the server and its processes: each connection has its own. */
  async #signalAll(signal: 'STOP' | 'CONT'): Promise<void> {
    const pid = this.#process?.pid;
    if (pid === undefined) return;
    const { stdout } = await run('ps', ['-o', 'pid=', '--ppid', String(pid)]).catch(() => ({ stdout: '' }));
    for (const own of [pid, ...stdout.split('\n').map(Number)]) {
      // The process of a connection may have ended in the meantime.
      if (own > 0) await run('kill', [`-${signal}`, String(own)]).catch(() => undefined);
    }
  }
}

/** Runs one query in a database, over a connection of its own. */
export async function queryPostgres<Row extends pg.QueryResultRow>(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** Makes the files of a new server once for each machine and version, because this takes a second. */
async function makeTemplate(): Promise<string> {
  const { stdout } = await run(`${POSTGRES_PROGRAMS}postgres`, ['--version']);
  const version = stdout.trim().replaceAll(/[^\w.]+/g, '-');
  const template = join(tmpdir(), `millrace-postgres-template-${userInfo().uid}-${version}`);
  if (existsSync(template)) return template;
  const folder = await mkdtemp(join(tmpdir(), 'millrace-initdb-'));
  try {
    if (isRoot()) await run('chown', ['postgres', folder]);
    const data = join(folder, 'data');
    const args = ['-D', data, '-U', USER, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
    const initdb = await startAsServer('initdb', args);
    const { code } = await initdb.exit;
    if (code !== 0) throw new Error(`initdb ended with ${code}:\n${initdb.stdout}${initdb.stderr}`);
    // If several processes made a template at the same time, the first one is used.
    await rename(data, template).catch(() => undefined);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return template;
}

const isRoot = (): boolean => userInfo().uid === 0;

/** Starts a program of PostgreSQL as a user that PostgreSQL accepts. */
function startAsServer(program: string, args: readonly string[]): Promise<ChildProcess> {
  const command = `${POSTGRES_PROGRAMS}${program}`;
  const options = { env: { LC_ALL: 'C' }, cwd: tmpdir() };
  return isRoot()
    ? startProcess(['--reuid=postgres', '--regid=postgres', '--init-groups', command, ...args], {
        ...options,
        command: 'setpriv',
      })
    : startProcess(args, { ...options, command });
}
