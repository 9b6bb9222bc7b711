export type { KeyEntry } from './key-entry.js';
export { keepKeyFile } from './kept-key-file.js';
export { KeyFile } from './key-file.js';
export { KeyRing, type KnownKey } from './key-ring.js';
export { newKey } from './new-key.js';
export { KeyFileError } from './key-file-error.js';
