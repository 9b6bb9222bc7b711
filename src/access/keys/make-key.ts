import { randomBytes } from 'node:crypto';

const PREFIX = 'sk-mr-';
const RANDOM_BYTES = 32;

/**
 * Makes a key: 256 random bits behind a prefix, by which tools that look for leaked secrets can know it.
 * @param random gives that many random bytes
 */
export function makeKey(random: (bytes: number) => Buffer = randomBytes): string {
  return `${PREFIX}${random(RANDOM_BYTES).toString('base64url')}`;
}
