import type { Clock, Timer } from '../../kernel/index.js';
import { GuardedChild } from './guarded-child.js';
import type { LoadablePackages } from './loadable-packages.js';

/** How long open streams may go on when the process is to be another one, in milliseconds. */
const GRACE_MS = 500;
/** A process that has not ended by itself so long after it was asked to is killed, in milliseconds. */
const LONGEST_END_MS = 3_000;

/** How long after a start the next one is prepared, in milliseconds: not while this one needs the processor. */
const SPARE_AFTER_MS = 1_000;

/** What a development server is run with. */
export interface DevServerOptions {
  readonly root: string;
  /** Options of Node, and the program. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** What a process may load before it is known when it is to run; absent: each begins from nothing. */
  readonly packages?: LoadablePackages | undefined;
  /** Is told when the process has ended by itself. */
  readonly onExit: (result: number | NodeJS.Signals) => void;
}

/**
 * The one process of an application under development. Another one begins when the last one is gone, and its port is free. It is
 * kept ready until then, with all loaded but the application itself, which is most of the time that a start takes.
 */
export class DevServer {
  readonly #options: DevServerOptions;
  #child: GuardedChild | undefined;
  /** Waits to be the next one. */
  #spare: { readonly child: GuardedChild; readonly state: Promise<string> } | undefined;
  #spareTimer: Timer | undefined;
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
    this.#dropSpare();
    await this.#work;
    await this.#endChild();
    this.#dropSpare();
  }

  /** Ends the process at once. */
  kill(): void {
    this.#isEnding = true;
    this.#dropSpare();
    this.#child?.kill();
  }

  async #restart(): Promise<void> {
    while (this.#isWanted) {
      await this.#endChild();
      if (!this.#isWanted) return;
      const spare = await this.#takeSpare();
      if (!this.#isWanted) {
        spare?.kill();
        return;
      }
      this.#isWanted = false;
      this.#begin(spare);
    }
  }

  #begin(spare: GuardedChild | undefined): void {
    const child = spare ?? this.#spawn();
    spare?.begin();
    this.#child = child;
    this.#isChildAsked = false;
    void child.exit.then((result) => {
      if (!this.#isChildAsked) this.#options.onExit(result);
    });
    const { packages, clock } = this.#options;
    if (packages !== undefined) this.#spareTimer = clock.after(SPARE_AFTER_MS, () => this.#prepareSpare(packages));
  }

  #spawn(loads?: readonly string[]): GuardedChild {
    const { root, args, env } = this.#options;
    return new GuardedChild(['--enable-source-maps', ...args], {
      cwd: root,
      // What the developer sees of a restart is that streams break off; nobody is to wait for them.
      env: { ...env, SHUTDOWN_GRACE_MS: String(GRACE_MS), SHUTDOWN_DELAY_MS: '0' },
      ...(loads && { loads }),
    });
  }

  #prepareSpare(packages: LoadablePackages): void {
    if (this.#isEnding) return;
    this.#spare ??= { state: packages.readState(), child: this.#spawn(packages.names) };
  }

  /** Undefined if none is ready, or it has loaded what has been replaced since. */
  async #takeSpare(): Promise<GuardedChild | undefined> {
    this.#spareTimer?.cancel();
    if (this.#spare === undefined) return undefined;
    const { child, state } = this.#spare;
    this.#spare = undefined;
    const isCurrent = (await state) === (await this.#options.packages?.readState());
    if (isCurrent && !child.hasEnded) return child;
    child.kill();
    return undefined;
  }

  #dropSpare(): void {
    this.#spareTimer?.cancel();
    this.#spare?.child.kill();
    this.#spare = undefined;
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
