export type { PromptInfo } from './front-matter.js';
export { Prompt, type PromptVariables } from './prompt.js';
export { PromptError } from './prompt-error.js';
export { PromptFile, promptFile } from './prompt-file.js';
export { PromptManager, type PromptManagerOptions } from './prompt-manager.js';
export { findSourceFolders, type SourceFolders } from './source-folders.js';
