export { AnswerBody, type BodySource } from './answer-body.js';
export { UpstreamTransport } from './upstream-transport.js';
