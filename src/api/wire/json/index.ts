export { makeJsonError, parseJson } from './parse-json.js';
export { type JsonLimits, scanJson } from './scan-json.js';
