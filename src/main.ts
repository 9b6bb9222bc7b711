import { describeFileLimitFault } from './app/file-limit.js';

const fault = describeFileLimitFault();
if (fault === undefined) {
  // Only now: with too few descriptors, loading everything fails or never ends.
  const { start } = await import('./app/start.js');
  await start();
} else {
  process.stderr.write(`${fault}\n`);
  process.exitCode = 1;
}
