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

/** Debian keeps the programs of its servers off the path. */
const DEBIAN = '/usr/lib/postgresql';

/** The superuser of these servers, who needs no password. */
const USER = 'millrace';

/** The folder of the newest PostgreSQL of this machine, with a slash; empty: the path has it, or there is none. */
function findPrograms(): string {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).filter((name) => /^\d+$/.test(name)) : [];
  const newest = versions.toSorted((one, other) => Number(other) - Number(one))[0];
  return newest === undefined ? '' : join(DEBIAN, newest, 'bin/');
}

/** The folder of its programs, with a slash; empty: the path has it. */
export const POSTGRES_PROGRAMS = findPrograms();

/** `describe` for tests with a real PostgreSQL; where CI checks, none may be skipped. */
export const describeWithPostgres =
  process.env['CI'] === 'true' ? describe : describeIfRuns(`${POSTGRES_PROGRAMS}postgres`, ['--version']);

/** What a server is to withstand. */
export interface PostgresOptions {
  /** True: what it has said to be kept is kept when it is killed, and when the machine is. Absent: when it is killed. */
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
    // The other user has to get in, and only that one gets any further.
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
   * The address of a new database, which is empty.
   * @param folder where its files are; undefined: with all others
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

  /** Asks its first database, as the superuser. */
  async query<Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return queryPostgres<Row>(this.url, sql, values);
  }

  /** Starts it, on the same port and with the same files as before, and waits until it takes connections. */
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

  /** Ends it as a crash does: connections are cut, nothing is written down. It stays away until {@link up}. */
  async crash(): Promise<void> {
    // To the server alone, which ends what it has started: SIGQUIT is its immediate shutdown.
    this.#process?.signal('SIGQUIT');
    await this.#process?.exit;
    this.#process = undefined;
  }

  /** Crashes it, and starts it again. */
  async restart(): Promise<void> {
    await this.crash();
    await this.up();
  }

  /** Copies all that is committed now, as a standby does that lags behind from then on. */
  async copy(): Promise<void> {
    await rm(this.#standby, { recursive: true, force: true });
    await mkdir(this.#standby, { mode: 0o700 });
    if (isRoot()) await run('chown', ['postgres', this.#standby]);
    const from = ['-h', '127.0.0.1', '-p', String(this.port), '-U', USER];
    const copying = await startAsServer('pg_basebackup', [...from, '-D', this.#standby, '-c', 'fast', '--no-sync']);
    const { code } = await copying.exit;
    if (code !== 0) throw new Error(`pg_basebackup ended with ${code}:\n${copying.stdout}${copying.stderr}`);
  }

  /** Crashes it, and goes on at the same address with the last {@link copy}: what was committed after that is lost. */
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

  /** Stops it from answering, new connections among them; open ones stay open. */
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

  /** Each connection has a process of its own. */
  async #signalAll(signal: 'STOP' | 'CONT'): Promise<void> {
    const pid = this.#process?.pid;
    if (pid === undefined) return;
    const { stdout } = await run('ps', ['-o', 'pid=', '--ppid', String(pid)]).catch(() => ({ stdout: '' }));
    for (const own of [pid, ...stdout.split('\n').map(Number)]) {
      // A connection may have ended meanwhile.
      if (own > 0) await run('kill', [`-${signal}`, String(own)]).catch(() => undefined);
    }
  }
}

/** Asks a database once, with a connection of its own. */
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

/** The files of a new server, which take a second to make: made once for each machine and version. */
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
    // Of several that made one at the same time, the first one counts.
    await rename(data, template).catch(() => undefined);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return template;
}

const isRoot = (): boolean => userInfo().uid === 0;

/** Starts a program of PostgreSQL, as a user that it accepts. */
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
