export { AnswerBody, type BodySource } from './answer-body.js';
export type { Answer } from './exchange.js';
export { fetchThroughProxies } from './proxy-dispatcher.js';
export { UpstreamTransport, type UpstreamRequest } from './upstream-transport.js';
