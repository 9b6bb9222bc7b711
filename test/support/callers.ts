import { sha256 } from '../../src/kernel/index.js';

/** The keys of two callers. */
export const ANN_KEY = 'sk-mr-of-ann-0123456789abcdef';
export const BOB_KEY = 'sk-mr-of-bob-0123456789abcdef';

/** The header by which a caller shows a key. */
export const makeBearer = (key: string): { authorization: string } => ({ authorization: `Bearer ${key}` });

/** A key as the settings may hold it in place of the key itself. */
export const hashKey = (key: string): string => `sha256:${sha256(key)}`;

/** The headers of the two callers. */
export const ANN = makeBearer(ANN_KEY);
export const BOB = makeBearer(BOB_KEY);

/** The setting that admits both. */
export const KEYS = { API_KEYS: `${ANN_KEY},${BOB_KEY}` };
