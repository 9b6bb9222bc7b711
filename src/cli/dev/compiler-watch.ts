import { createInterface } from 'node:readline';
import { GuardedChild } from './guarded-child.js';
import type { TypeScriptProject } from './typescript-project.js';

/** Is told what the compiler has done. */
interface CompilerListener {
  /** All sources are without errors. @param hasChanged whether a compiled program is another one than before */
  readonly onGood: (hasChanged: boolean) => void;
  /** There are errors, and nothing was written. They have been shown. */
  readonly onBad: (errors: number) => void;
  /** A line of what the compiler says of the sources. */
  readonly onLine: (line: string) => void;
}

/** What the compiler prints when it is done. Its language is set to English, so this holds on every machine. */
const DONE = /\bFound (\d+) errors?\. Watching for file changes\./;
const WRITTEN = /^TSFILE: .*\.(?:[cm]?js|json)$/;
/** Lines of the compiler that repeat what this program prints. */
const NOISE =
  /^(?:TSFILE: .*|\s*)$|\b(?:Starting compilation in watch mode|File change detected\. Starting incremental compilation)\.\.\.$/;
// oxlint-disable-next-line no-control-regex -- colours of a terminal
const COLOURS = /\u001B\[\d*(?:;\d+)*m/g;

/**
 * The compiler of a project, which compiles again whenever a source changes. It writes nothing while there are errors,
 * and never declaration files: before it writes one of these, it looks through the whole program for errors in them.
 */
export function watchCompiler(
  { compiler, configFile, root, hasInlineMaps, withoutDeclarations }: TypeScriptProject,
  env: NodeJS.ProcessEnv,
  { isPretty, ...listener }: CompilerListener & { readonly isPretty: boolean },
): GuardedChild {
  const args = ['--watch', '--preserveWatchOutput', '--noEmitOnError', '--listEmittedFiles', '--locale', 'en'];
  const child = new GuardedChild(
    [
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
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const text = line.replaceAll(COLOURS, '');
      const errors = DONE.exec(text)?.[1];
      if (errors === undefined) {
        hasChanged ||= WRITTEN.test(text);
        if (!NOISE.test(text)) listener.onLine(line);
      } else if (errors === '0') {
        listener.onGood(hasChanged);
        hasChanged = false;
      } else {
        listener.onBad(Number(errors));
      }
    });
  }
  return child;
}
