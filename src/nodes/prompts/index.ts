export { PromptManager } from './prompt-manager.js';
export { findSourceFolders } from './source-folders.js';
