import { randomBytes } from 'node:crypto';

const PREFIX = 'sk-mr-';
const RANDOM_BYTES = 32;

/** Makes a key: 256 random bits after a prefix by which scanners can recognise leaked keys. */
export function makeKey(): string {
  return `${PREFIX}${randomBytes(RANDOM_BYTES).toString('base64url')}`;
}
