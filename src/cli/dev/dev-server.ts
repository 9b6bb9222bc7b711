import type { Clock, Timer } from '../../kernel/index.js';
import { GuardedChild } from './guarded-child.js';
import type { LoadablePackages } from './loadable-packages.js';

/** How long open streams may continue when the process is being replaced, in milliseconds. */
const GRACE_MS = 500;
/** How long a process may take to end after it was asked to, in milliseconds; then it is killed. */
const LONGEST_END_MS = 3_000;

/**
 * How long after a start the next process is prepared, in milliseconds: until then, the start itself needs the
 * processor.
 */
const SPARE_AFTER_MS = 1_000;

/** The options of a development server. */
interface DevServerOptions {
  readonly root: string;
  /** Options of Node, and the program. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Packages that a process loads before it is known when it will run; absent: each loads all when it starts. */
  readonly packages?: LoadablePackages | undefined;
  /** Called when the process has ended by itself. */
  readonly onExit: (result: number | NodeJS.Signals) => void;
}

/**
 * Runs the one process of an application under development. The next process begins when the last one has ended, so
 * that its port is free. It is prepared before that, with everything loaded but the application itself, which saves
 * most of the time of a start.
 */
export class DevServer {
  readonly #options: DevServerOptions;
  #child: GuardedChild | undefined;
  /** The process that is ready to be the next one. */
  #spare: { readonly child: GuardedChild; readonly state: Promise<string> } | undefined;
  #spareTimer: Timer | undefined;
  /** Whether the process has been asked to end. */
  #isChildAsked = false;
  /** True if another process must start, whatever happens to this one. */
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

  /**
   * Begins the process, or another one in its place. However often it is called during a restart, only one more process
   * begins.
   */
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
      // A restart cuts streams off, so that the developer does not wait for them.
      env: { ...env, SHUTDOWN_GRACE_MS: String(GRACE_MS), SHUTDOWN_DELAY_MS: '0' },
      ...(loads && { loads }),
    });
  }

  #prepareSpare(packages: LoadablePackages): void {
    if (this.#isEnding) return;
    this.#spare ??= { state: packages.readState(), child: this.#spawn(packages.names) };
  }

  /** @returns undefined if none is ready, or packages that it has loaded were replaced since */
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
