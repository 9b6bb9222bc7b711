import { keepCompiledCode } from './app/compile-cache.js';
import { describeFileLimitFault } from './app/file-limit.js';
import { printStartFailure } from './app/start-failure.js';

const fault = describeFileLimitFault();
if (fault === undefined) {
  keepCompiledCode();
  // Only now: with too few descriptors, loading everything fails or never ends.
  const { start } = await import('./app/start.js');
  await start();
} else {
  printStartFailure(fault);
  process.exitCode = 1;
}
