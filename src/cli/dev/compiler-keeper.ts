/**
 * Runs the compiler for `millrace dev`, and ends it when that is gone. The compiler cannot do so itself: since TypeScript 7
 * it is a native program, and the script that starts it does not listen while it waits for its end.
 */
import { spawn } from 'node:child_process';

const compiler = spawn(process.execPath, process.argv.slice(2), { stdio: 'inherit' });

/** `child-guard.js` sends the signal when `millrace dev` is gone. */
process.once('SIGTERM', () => {
  // This process leads a group, which has all that the compiler has started.
  if (process.platform === 'win32') compiler.kill();
  else process.kill(-process.pid, 'SIGKILL');
});
compiler.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
