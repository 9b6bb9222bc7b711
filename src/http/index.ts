export { AccessLog } from './access-log.js';
export { answerHeaders } from './answer-headers.js';
export { corsOptions } from './cors.js';
export { GracefulShutdown } from './graceful-shutdown.js';
export { HttpModule } from './http.module.js';
export { answerMalformedRequests } from './malformed-request.js';
export { openApiDocument } from './openapi-document.js';
export { recordOf, RequestRecord } from './request-record.js';
export { ServerAdapter } from './server-adapter.js';
