import { randomBytes } from 'node:crypto';

const PREFIX = 'sk-mr-';
const RANDOM_BYTES = 32;

/**
 * Makes a key: 256 random bits after a prefix by which scanners can recognise leaked keys.
 * @param random gives the number of random bytes that it is asked for
 */
export function makeKey(random: (bytes: number) => Buffer = randomBytes): string {
  return `${PREFIX}${random(RANDOM_BYTES).toString('base64url')}`;
}
