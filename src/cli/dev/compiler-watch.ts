import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { GuardedChild } from './guarded-child.js';
import type { TypeScriptProject } from './typescript-project.js';

/** Gets the results of the compiler. */
interface CompilerListener {
  /**
   * All sources are without errors.
   * @param hasChanged whether the compiled program has changed
   */
  readonly onGood: (hasChanged: boolean) => void;
  /** There are errors, and nothing was written. They have been shown, but for those that the next compilation clears up. */
  readonly onBad: (errors: number) => void;
  /** Called with each line that the compiler prints about the sources. */
  readonly onLine: (line: string) => void;
}

const KEEPER = fileURLToPath(new URL('./compiler-keeper.js', import.meta.url));

/** What the compiler prints when it is done. Its language is set to English, so this holds on every machine. */
const DONE = /\bFound (\d+) errors?\. Watching for file changes\./;
const WRITTEN = /^TSFILE: .*\.(?:[cm]?js|json)$/;
/** Lines of the compiler that repeat what this program prints. */
const NOISE =
  /^(?:TSFILE: .*|\s*)$|\b(?:Starting compilation in watch mode|File change detected\. Starting incremental compilation)\.\.\.$/;
/**
 * After a file of its `include` is deleted, the compiler misses it, and a moment later it compiles again without it: such an
 * error is never the last word.
 */
const MISSING = /^error TS6053: /;
const INCLUDED = /^\s+Matched by include pattern /;
// oxlint-disable-next-line no-control-regex -- colours of a terminal
const COLOURS = /\u001B\[\d*(?:;\d+)*m/g;

/**
 * The compiler of a project, which compiles again whenever a source changes. It writes nothing while there are errors,
 * and never declaration files: before it writes one of these, it checks the whole program for errors in them.
 */
export function watchCompiler(
  { compiler, configFile, root, hasInlineMaps, withoutDeclarations }: TypeScriptProject,
  env: NodeJS.ProcessEnv,
  { isPretty, ...listener }: CompilerListener & { readonly isPretty: boolean },
): GuardedChild {
  const args = ['--watch', '--preserveWatchOutput', '--noEmitOnError', '--listEmittedFiles', '--locale', 'en'];
  const child = new GuardedChild(
    [
      KEEPER,
      compiler,
      '--project',
      configFile,
      ...args,
      ...withoutDeclarations,
      ...(hasInlineMaps ? [] : ['--sourceMap']),
      '--pretty',
      isPretty ? 'true' : 'false',
    ],
    { cwd: root, env, reads: true },
  );
  let hasChanged = false;
  /** The lines of an error for a missing file, until it is known why the compiler looked for it. */
  let missing: string[] | undefined;
  let isIncluded = false;
  let passing = 0;
  const endMissing = (): void => {
    if (isIncluded) passing += 1;
    else for (const line of missing ?? []) listener.onLine(line);
    missing = undefined;
    isIncluded = false;
  };
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const text = line.replaceAll(COLOURS, '');
      if (missing !== undefined && /^\S/.test(text)) endMissing();
      const done = DONE.exec(text)?.[1];
      if (done === undefined) {
        hasChanged ||= WRITTEN.test(text);
        if (MISSING.test(text)) missing = [];
        isIncluded ||= missing !== undefined && INCLUDED.test(text);
        if (NOISE.test(text)) return;
        if (missing === undefined) listener.onLine(line);
        else missing.push(line);
        return;
      }
      const errors = Number(done) - passing;
      if (done === '0') {
        listener.onGood(hasChanged);
        hasChanged = false;
      } else if (errors > 0) {
        listener.onBad(errors);
      }
      passing = 0;
    });
  }
  return child;
}
