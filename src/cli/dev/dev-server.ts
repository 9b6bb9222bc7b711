import type { Clock, Timer } from '../../kernel/index.js';
import { GuardedChild } from './guarded-child.js';

/** How long open streams may go on when the process is to be another one, in milliseconds. */
const GRACE_MS = 500;
/** A process that has not ended by itself so long after it was asked to is killed, in milliseconds. */
const LONGEST_END_MS = 3_000;

/** What a development server is run with. */
export interface DevServerOptions {
  readonly root: string;
  /** Options of Node, and the program. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Is told when the process has ended by itself. */
  readonly onExit: (result: number | NodeJS.Signals) => void;
}

/** The one process of an application under development. Another one begins when the last one is gone, and its port is free. */
export class DevServer {
  readonly #options: DevServerOptions;
  #child: GuardedChild | undefined;
  /** Whether the process has been asked to end. */
  #isChildAsked = false;
  /** Whether another process is to begin, whatever happens to this one. */
  #isWanted = false;
  #isEnding = false;
  #work: Promise<void> | undefined;

  constructor(options: DevServerOptions) {
    this.#options = options;
  }

  /** Whether a process has ever begun. */
  get hasBegun(): boolean {
    return this.#child !== undefined;
  }

  get isRunning(): boolean {
    return this.#child?.hasEnded === false;
  }

  /** Begins the process, or another one in its place. However often it is called meanwhile, one more begins. */
  restart(): void {
    if (this.#isEnding) return;
    this.#isWanted = true;
    this.#work ??= this.#restart().finally(() => {
      this.#work = undefined;
    });
  }

  /** Ends the process; none begins any more. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#isWanted = false;
    await this.#work;
    await this.#endChild();
  }

  /** Ends the process at once. */
  kill(): void {
    this.#isEnding = true;
    this.#child?.kill();
  }

  async #restart(): Promise<void> {
    while (this.#isWanted) {
      await this.#endChild();
      if (!this.#isWanted) return;
      this.#isWanted = false;
      this.#begin();
    }
  }

  #begin(): void {
    const { root, args, env, onExit } = this.#options;
    const child = new GuardedChild(['--enable-source-maps', ...args], {
      cwd: root,
      // What the developer sees of a restart is that streams break off; nobody is to wait for them.
      env: { ...env, SHUTDOWN_GRACE_MS: String(GRACE_MS), SHUTDOWN_DELAY_MS: '0' },
    });
    this.#child = child;
    this.#isChildAsked = false;
    void child.exit.then((result) => {
      if (!this.#isChildAsked) onExit(result);
    });
  }

  async #endChild(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.hasEnded) return;
    this.#isChildAsked = true;
    const limit: Timer = this.#options.clock.after(LONGEST_END_MS, () => child.kill());
    child.end();
    await child.exit;
    limit.cancel();
  }
}
