export { makeJsonError, parseJson } from './parse-json.js';
export { scanJson } from './scan-json.js';
