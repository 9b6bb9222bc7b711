/**
 * Prints why the process does not start, in the form of the log. The settings, or the code that reads them, may be at
 * fault, so this reads the environment itself; and it imports nothing, since there may be too few descriptors for that.
 */
export function printStartFailure(message: string): void {
  const entry = { level: 'fatal', pid: process.pid, timestamp: new Date().toISOString(), message };
  const isJson = process.env['LOG_FORMAT'] === 'json';
  process.stderr.write(`${isJson ? JSON.stringify(entry) : message}\n`);
}
