import { keepCompiledCode } from './app/compile-cache.js';
import { describeFileLimitFault } from './app/file-limit.js';
import { printStartFailure } from './app/start-failure.js';
import { keepHeapSmall } from './app/small-heap.js';

const fault = describeFileLimitFault();
if (fault === undefined) {
  keepCompiledCode();
  const letHeapGrow = keepHeapSmall();
  // Only now: with too few descriptors, loading everything fails or never ends.
  const { start } = await import('./app/start.js');
  await start();
  letHeapGrow();
} else {
  printStartFailure(fault);
  process.exitCode = 1;
}
