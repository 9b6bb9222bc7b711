export { ResponseBody } from './response-body.js';
export type { UpstreamResponse } from './exchange.js';
export { type UpstreamRequest, UpstreamTransport } from './upstream-transport.js';
