export { PromptManager } from './prompt-manager.js';
export type { PromptVariables } from './prompt.js';
export { findSourceFolders } from './source-folders.js';
