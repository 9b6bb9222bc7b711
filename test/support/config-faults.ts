import { type ProviderDeclaration, readConfig } from '../../src/config/index.js';
import { ConfigurationError } from '../../src/errors/index.js';
import { VENDORS } from '../../src/models/index.js';

/** Settings in milliseconds, each with its minimum. */
export const TIME_SETTINGS = [
  ['STREAM_DEBOUNCE_MS', 0],
  ['STREAM_HEARTBEAT_MS', 1],
  ['STREAM_OPEN_GRACE_MS', 0],
  ['RUN_TIMEOUT_MS', 1],
  ['UPSTREAM_FIRST_TOKEN_TIMEOUT_MS', 1],
  ['UPSTREAM_IDLE_TIMEOUT_MS', 1],
  ['SHUTDOWN_GRACE_MS', 0],
  ['SHUTDOWN_DELAY_MS', 0],
  ['HTTP_KEEP_ALIVE_TIMEOUT_MS', 1],
  ['HTTP_HEADERS_TIMEOUT_MS', 1],
  ['HTTP_REQUEST_TIMEOUT_MS', 1],
  ['HTTP_SEND_TIMEOUT_MS', 1],
  ['HTTP_BODY_TIMEOUT_MS', 1],
] as const;

/**
 * The faults of these variables.
 * @param providers the known providers; default: all of Millrace
 */
export function findConfigFaults(
  variables: Readonly<Record<string, string>>,
  providers: readonly ProviderDeclaration[] = Object.values(VENDORS),
): readonly string[] {
  try {
    readConfig(variables, providers);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}
