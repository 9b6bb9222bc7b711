/**
 * Prints why the process does not start, in the form of the log. What is wrong may be the settings, or what reads them, so
 * this looks at the environment itself; and it imports nothing, since there may be too few descriptors for it.
 */
export function printStartFailure(message: string): void {
  const entry = { level: 'fatal', pid: process.pid, timestamp: new Date().toISOString(), message };
  const isJson = process.env['LOG_FORMAT'] === 'json';
  process.stderr.write(`${isJson ? JSON.stringify(entry) : message}\n`);
}
