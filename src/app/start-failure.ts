// Files rather than the indexes of their folders: with very few descriptors, even those could not be loaded.
import { escapeControls } from '../kernel/escape-controls.js';

/**
 * Prints why the process does not start, in the form of the log. What is wrong may be the settings, or what reads them, so
 * this looks at the environment itself.
 */
export function printStartFailure(message: string): void {
  const entry = { level: 'fatal', pid: process.pid, timestamp: new Date().toISOString(), message };
  const isJson = process.env['LOG_FORMAT'] === 'json';
  process.stderr.write(`${isJson ? escapeControls(JSON.stringify(entry)) : message}\n`);
}
