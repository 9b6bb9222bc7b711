import type { ServerResponse } from 'node:http';

/**
 * Adds the headers of every response about a logged run.
 * @param isRepeated true if an equal request had begun the run before
 */
export function addRunHeaders(response: ServerResponse, run: string, isRepeated = false): void {
  response.setHeader('millrace-run-id', run);
  if (isRepeated) response.setHeader('idempotent-replayed', 'true');
}
