export { AnswerBody } from './answer-body.js';
export type { Answer } from './exchange.js';
export { type UpstreamRequest, UpstreamTransport } from './upstream-transport.js';
