import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type ChildProcess, type ProcessOptions, startProcess } from './process.js';
import { ensureServerIsBuilt } from './server-process.js';
import { ROOT, CLI } from './places.js';

/** The output of a process, and its exit code. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * An application made by `millrace init` in a folder of its own. Its packages are links to those of this checkout, and `millrace`
 * is the compiled checkout, so it needs no registry and no installation.
 */
export class LinkedProject {
  readonly #children: ChildProcess[] = [];

  private constructor(
    private readonly parent: string,
    readonly root: string,
  ) {}

  /**
   * Makes a project; {@link remove} it afterwards.
   * @param typescript its compiler: the one with which new applications begin, or the native one
   */
  static async make(name = 'my-app', typescript: 'typescript' | 'typescript-7' = 'typescript'): Promise<LinkedProject> {
    await ensureServerIsBuilt();
    const parent = await mkdtemp(join(tmpdir(), 'millrace-app-'));
    const project = new LinkedProject(parent, join(parent, name));
    const made = await project.finish([CLI, 'init', name], { cwd: parent });
    if (made.code !== 0) throw new Error(`init ended with ${made.code}:\n${made.stdout}${made.stderr}`);
    const packages = join(project.root, 'node_modules');
    await mkdir(packages);
    for (const entry of await readdir(join(ROOT, 'node_modules'))) {
      if (entry !== 'typescript') await symlink(join(ROOT, 'node_modules', entry), join(packages, entry));
    }
    await symlink(join(ROOT, 'node_modules', typescript), join(packages, 'typescript'));
    await symlink(ROOT, join(packages, 'millrace'));
    return project;
  }

  /** Starts Node in the project with an empty environment. {@link remove} stops it, if nothing else does. */
  async start(args: readonly string[], options: ProcessOptions = {}): Promise<ChildProcess> {
    const child = await startProcess(args, {
      cwd: this.root,
      ...options,
      env: { DEMO_TOKENS_PER_SECOND: '0', ...options.env },
    });
    this.#children.push(child);
    return child;
  }

  /** Runs Node in the project until it ends. */
  async finish(args: readonly string[], options: ProcessOptions = {}): Promise<Finished> {
    const child = await this.start(args, options);
    const { code } = await child.exit;
    return { code, stdout: child.stdout, stderr: child.stderr };
  }

  /** Runs a command of Millrace in the project until it ends. */
  cli(...args: readonly string[]): Promise<Finished> {
    return this.finish([join(this.root, 'node_modules/millrace/dist/cli.js'), ...args]);
  }

  read(path: string): Promise<string> {
    return readFile(join(this.root, path), 'utf8');
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await writeFile(join(this.root, path), text);
  }

  async edit(path: string, from: string, to: string): Promise<void> {
    const text = await this.read(path);
    if (!text.includes(from)) throw new Error(`${path} has no ${from}`);
    await this.write(path, text.replace(from, to));
  }

  /** The ids of all processes whose working folder is that of the project. */
  async findProcesses(): Promise<readonly number[]> {
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=']);
    const pids = stdout.trim().split('\n').map(Number);
    const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => undefined)));
    return pids.filter((_, index) => folders[index] === this.root);
  }

  /** Stops all processes that it has started. */
  async stop(): Promise<void> {
    await Promise.all(this.#children.splice(0).map((child) => child.stop()));
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.parent, { recursive: true, force: true });
  }
}
