import { keepCompiledCode } from './compile-cache.js';
import { describeFileLimitFault } from './file-limit.js';
import { printStartFailure } from './start-failure.js';
import { keepHeapSmall } from './small-heap.js';

const fault = describeFileLimitFault();
if (fault === undefined) {
  keepCompiledCode();
  const letHeapGrow = keepHeapSmall();
  // Only now: with too few descriptors, loading everything fails or never ends.
  const { start } = await import('./start.js');
  await start();
  letHeapGrow();
} else {
  printStartFailure(fault);
  process.exitCode = 1;
}
