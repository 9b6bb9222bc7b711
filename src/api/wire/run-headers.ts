import type { ServerResponse } from 'node:http';

/**
 * Adds what every answer about a logged run says of it.
 * @param isRepeated true if an equal request has begun the run before
 */
export function addRunHeaders(response: ServerResponse, run: string, isRepeated = false): void {
  response.setHeader('millrace-run-id', run);
  if (isRepeated) response.setHeader('idempotent-replayed', 'true');
}
