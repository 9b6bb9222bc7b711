/** Clients for everything that outlives its request: runs, responses and stored completions. */
export * from './background-client.js';
export * from './completion-client.js';
export { readOutputText } from './response-rules.js';
export { responsesUrl } from './responses-client.js';
export * from './runs-client.js';
