import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { SystemClock } from '../../kernel/index.js';
import { type CliEnvironment, EXIT, type ExitCode } from '../cli-environment.js';
import { CliError } from '../cli-error.js';
import { openProject } from '../project.js';
import { SIGNALS } from '../signals.js';
import { watchAssets } from './asset-watch.js';
import { updateBuild } from './build-folder.js';
import { watchCompiler } from './compiler-watch.js';
import { DevServer } from './dev-server.js';
import { LoadablePackages } from './loadable-packages.js';
import { watchSettings } from './settings-watch.js';
import { readTypeScriptProject } from './typescript-project.js';

const CHANGED = 'A file has changed. Starting again …';

/** The options of `millrace dev`. */
interface DevOptions {
  /** The `tsconfig` to compile with. */
  readonly project?: string | undefined;
  /** The compiled program to run. */
  readonly main?: string | undefined;
  /** Where a debugger can be attached, `host:port` or a port. */
  readonly inspect?: string | undefined;
}

/**
 * Runs an application under development: compiles it whenever a source changes, and runs it again when that went well. With
 * errors, the last good one keeps running. Ends at a signal of the terminal.
 * @throws CliError if the project cannot be compiled or run as it is set up
 */
export async function startDev(
  { project: config, main, inspect }: DevOptions,
  { process }: CliEnvironment,
): Promise<ExitCode> {
  const say = (line: string): void => void process.stdout.write(`[dev] ${line}\n`);
  const project = openProject(process.cwd());
  const typescript = await readTypeScriptProject(project, config);
  const { root, sources, build } = typescript;
  const program = join(root, main ?? project.settings.main ?? relative(root, join(build, 'main.js')));
  await updateBuild(sources, build, { isCompiled: false });

  const clock = new SystemClock();
  const server = new DevServer({
    root,
    args: [...(inspect === undefined ? [] : [`--inspect=${inspect}`]), program],
    env: process.env,
    clock,
    // Two processes cannot listen for a debugger at the same port.
    packages: inspect === undefined ? new LoadablePackages(root) : undefined,
    onExit: (result) => {
      say(`The application has ended (${result}). It starts again when a file changes.`);
      if (isOutdated) run(CHANGED);
    },
  });
  /**
   * Whether files that the application reads itself have changed since it began: it may have ended because they were
   * missing.
   */
  let isOutdated = false;
  const run = (why: string): void => {
    say(why);
    isOutdated = false;
    server.restart();
  };
  return new Promise<ExitCode>((resolve, reject) => {
    let isEnding = false;
    let updates: Promise<unknown> = Promise.resolve();
    /** Updates run one at a time, since each records what it has done. */
    const update = (isCompiled: boolean): Promise<number> => {
      const result = updates.then(() => updateBuild(sources, build, { isCompiled }));
      updates = result.catch(() => undefined);
      return result;
    };
    const onBuildFault = (error: Error): void => say(`The build cannot be brought up to date: ${error.message}`);
    const compiler = watchCompiler(typescript, process.env, {
      isPretty: process.stdout.isTTY,
      onLine: (line) => void process.stderr.write(`${line}\n`),
      onBad: (errors) => {
        const rest = server.isRunning ? 'The last good build keeps running.' : 'Nothing runs until it compiles.';
        say(`${errors === 1 ? '1 error' : `${errors} errors`}. ${rest}`);
      },
      onGood: (hasChanged) => {
        // The application must find the build as the sources are now, also without what is gone.
        void update(true)
          .catch(onBuildFault)
          .then(() => {
            if (!isEnding) runCompiled(hasChanged);
          });
      },
    });
    const runCompiled = (hasChanged: boolean): void => {
      if (!existsSync(program)) {
        end(new CliError(`${relative(root, program)} is not among the compiled files. Say what to run: --main <file>`));
      } else if (server.isRunning && !hasChanged) {
        say('Nothing to run again.');
      } else {
        run(server.hasBegun ? 'Compiled. Starting again …' : 'Compiled. Starting …');
      }
    };
    const stopAssets = watchAssets(sources, {
      onChange: async () => {
        const changes = await update(false);
        if (changes === 0 || !server.hasBegun) return;
        // A running application reads such a file again itself, unless it is about to end because it could not.
        if (server.isRunning) isOutdated = true;
        else run(CHANGED);
      },
      onFault: onBuildFault,
    });
    const stopSettings = watchSettings(root, clock, () => {
      if (server.hasBegun) run('.env has changed. Starting again …');
    });

    const end = (fault?: Error): void => {
      if (isEnding) {
        server.kill();
        compiler.kill();
        return;
      }
      isEnding = true;
      stopAssets();
      stopSettings();
      compiler.kill();
      void Promise.all([server.end(), compiler.exit]).then(() => {
        for (const signal of SIGNALS) process.off(signal, onSignal);
        if (fault === undefined) resolve(EXIT.done);
        else reject(fault);
      });
    };
    const onSignal = (): void => end();
    for (const signal of SIGNALS) process.on(signal, onSignal);
    void compiler.exit.then(() => {
      // Ctrl-C ends the compiler, too. A second call would kill the application, which may still be ending open streams.
      if (!isEnding) end(new CliError('The compiler has ended. Its output is above.'));
    });
  });
}
