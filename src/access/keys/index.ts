export { keepUsableKeyFile } from './kept-key-file.js';
export { KeyEntry } from './key-entry.js';
export { KeyFileError } from './key-file-error.js';
export { KeyFile } from './key-file.js';
export { KeyRing, type KnownKey } from './key-ring.js';
