import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { DeadlineError, type WaitOptions, within } from './eventually.js';

/** The options of a child process. */
export interface ProcessOptions {
  /** Its whole environment except `PATH`. Nothing is inherited, so no key or setting of the machine takes effect. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The program: a path, or a name in `PATH`. Default: this Node. */
  readonly command?: string;
  /** True: signals also reach its child processes, because npm and shells do not pass them on. Default: false. */
  readonly group?: boolean;
}

/** How a process ended: by itself with a code, or by a signal. */
interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Starts Node, or another program, with these arguments. Whoever starts a process must {@link ChildProcess.stop} it.
 * @throws Error with code ENOENT if there is no such program
 */
export async function startProcess(
  args: readonly string[],
  { env = {}, cwd, command = process.execPath, group = false }: ProcessOptions = {},
): Promise<ChildProcess> {
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: group,
    ...(cwd !== undefined && { cwd }),
  });
  await once(child, 'spawn');
  return new ChildProcess(child, group);
}

/** A running child process and its output. */
export class ChildProcess {
  /** Its output so far, by stream. */
  stdout = '';
  stderr = '';
  /** Resolves when it has ended and all its output was read. Never rejects. */
  readonly exit: Promise<ProcessExit>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  /** Lines of both streams in the order of arrival. */
  readonly #lines: string[] = [];
  readonly #watchers = new Set<() => void>();
  #exited: ProcessExit | undefined;

  constructor(
    child: ChildProcessByStdio<null, Readable, Readable>,
    private readonly group: boolean,
  ) {
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line);
        this.#notify();
      });
    }
    this.exit = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#exited = { code, signal };
        resolve(this.#exited);
        this.#notify();
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** How many lines it has written so far. */
  get lineCount(): number {
    return this.#lines.length;
  }

  /**
   * Waits for the first matching line of either stream.
   * @param options `from`: the number of the first line to look at; default: from the start of the output
   * @throws Error with all output if the process ends without it or it does not come in time
   */
  async waitForLine(
    pattern: RegExp,
    { from = 0, ...options }: WaitOptions & { readonly from?: number } = {},
  ): Promise<RegExpMatchArray> {
    let check: () => void = () => undefined;
    const found = new Promise<RegExpMatchArray>((resolve, reject) => {
      let next = from;
      check = () => {
        for (; next < this.#lines.length; next++) {
          const match = this.#lines[next]?.match(pattern);
          if (match) return resolve(match);
        }
        if (this.#exited) {
          const { code, signal } = this.#exited;
          reject(new Error(`The process ended (${code ?? signal}) without the line ${pattern}:\n${this.#output()}`));
        }
      };
      this.#watchers.add(check);
      check();
    });
    try {
      return await within(found, { message: `the line ${pattern}`, ...options });
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      throw new Error(`${error.message}:\n${this.#output()}`, { cause: error });
    } finally {
      this.#watchers.delete(check);
    }
  }

  /** Closes its standard output, as `head` does when it has enough lines: the next write fails. */
  closeStdout(): void {
    this.#child.stdout.destroy();
  }

  /** Stops reading its standard output until {@link resumeStdout}, like a log collector that hangs. */
  pauseStdout(): void {
    this.#child.stdout.pause();
  }

  resumeStdout(): void {
    this.#child.stdout.resume();
  }

  /** Sends a signal. */
  signal(name: NodeJS.Signals): void {
    if (this.group) process.kill(-this.pid, name);
    else this.#child.kill(name);
  }

  /** Kills it if it is still running, and waits for its end. */
  async stop(): Promise<ProcessExit> {
    if (this.#exited === undefined) this.signal('SIGKILL');
    return this.exit;
  }

  #notify(): void {
    for (const check of this.#watchers) check();
  }

  #output(): string {
    return this.#lines.join('\n');
  }
}

/** Whether a process runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
