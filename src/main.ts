import { keepCompiledCode } from './app/compile-cache.js';
import { describeFileLimitFault } from './app/file-limit.js';
import { printStartFailure } from './app/start-failure.js';
import { keepYoungGenerationSmall } from './app/young-generation.js';

const fault = describeFileLimitFault();
if (fault === undefined) {
  keepCompiledCode();
  const letYoungGenerationGrow = keepYoungGenerationSmall();
  // Only now: with too few descriptors, loading everything fails or never ends.
  const { start } = await import('./app/start.js');
  await start();
  letYoungGenerationGrow();
} else {
  printStartFailure(fault);
  process.exitCode = 1;
}
