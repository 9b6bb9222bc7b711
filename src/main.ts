import { describeFileLimitFault } from './app/file-limit.js';

const fault = describeFileLimitFault();
if (fault === undefined) {
  // Not before: where there are too few descriptors, already the loading of all that fails or never ends.
  const { start } = await import('./app/start.js');
  await start();
} else {
  process.stderr.write(`${fault}\n`);
  process.exitCode = 1;
}
