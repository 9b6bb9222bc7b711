/** How a client asks for what outlives its request in a test, and reads it again: runs, responses and completions. */
export * from './background-client.js';
export * from './completion-client.js';
export { readOutputText } from './response-rules.js';
export { responsesUrl } from './responses-client.js';
export * from './runs-client.js';
