import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

const GUARD = new URL('./child-guard.js', import.meta.url).href;
const WAIT = new URL('./child-wait.js', import.meta.url).href;

/** How a process of Node is started. */
interface GuardedOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** True: `stdout` can be read; otherwise what it writes goes where this process writes. */
  readonly reads?: boolean;
  /** If given, the process loads these packages, and its program waits for {@link GuardedChild.begin}. */
  readonly loads?: readonly string[];
}

/** A process of Node that ends when this process does, and can be ended with all that it has started. */
export class GuardedChild {
  /** Resolves when it has ended: with its code, or the signal that ended it. */
  readonly exit: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcess;
  #hasEnded = false;

  /** @param args what Node is started with: options, a program and its arguments */
  constructor(args: readonly string[], { cwd, env, reads = false, loads }: GuardedOptions) {
    const preloads = ['--import', GUARD, ...(loads === undefined ? [] : ['--import', makeWaitUrl(loads)])];
    this.#child = spawn(process.execPath, [...preloads, ...args], {
      cwd,
      env,
      stdio: ['ignore', reads ? 'pipe' : 'inherit', 'inherit', 'ipc'],
      // A group of its own, so that a terminal's Ctrl-C reaches it through this process alone, once.
      detached: process.platform !== 'win32',
    });
    this.exit = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.#hasEnded = true;
        resolve(code ?? signal ?? 1);
      });
      this.#child.once('error', () => {
        this.#hasEnded = true;
        resolve(1);
      });
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Its standard output; null unless `reads` was set. */
  get stdout(): Readable | null {
    return this.#child.stdout;
  }

  /** Lets the program of a process that has `loads` begin. */
  begin(): void {
    // It may have ended meanwhile: `exit` shows that.
    this.#child.send('begin', () => undefined);
  }

  /** Asks the process to end. */
  end(): void {
    if (!this.#hasEnded) this.#child.kill('SIGTERM');
  }

  /** Ends the process at once, with all that it has started. */
  kill(): void {
    if (this.#hasEnded || this.#child.pid === undefined) return;
    if (process.platform === 'win32') this.#child.kill('SIGKILL');
    else killGroup(this.#child.pid);
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // The process may have ended already, before its `exit` event has come.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function makeWaitUrl(loads: readonly string[]): string {
  const parameters = new URLSearchParams({ parent: String(process.pid) });
  for (const name of loads) parameters.append('load', name);
  return `${WAIT}?${parameters.toString()}`;
}
