export { developerAsSystem } from './developer-as-system.js';
export { mistralMessages } from './mistral-messages.js';
export { renamed } from './renamed.js';
export { signedToolCalls } from './signed-tool-calls.js';
export { without } from './without.js';
