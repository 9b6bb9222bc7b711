import { readFile } from 'node:fs/promises';
import { isCredential } from '../config/index.js';
import { UpstreamError } from '../errors/index.js';

/**
 * The token that a file holds now.
 * @param variable names the file in the environment, for the operator
 * @throws UpstreamError if the file cannot be read, or holds no token
 */
export async function readTokenFile(variable: string, file: string): Promise<string> {
  const token = await readFile(file, 'utf8').then(
    (text) => text.trim(),
    (cause: unknown) => {
      throw tokenError(`the file of ${variable} cannot be read`, cause);
    },
  );
  if (!isCredential(token)) throw tokenError(`the file of ${variable} holds no token`);
  return token;
}

function tokenError(diagnostic: string, cause?: unknown): UpstreamError {
  return new UpstreamError(
    'This server has no valid credentials for its model provider. Its operator must set them right.',
    {
      code: 'upstream_authentication',
      retryable: false,
      diagnostic,
      cause,
    },
  );
}
