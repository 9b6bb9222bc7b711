export { HttpModule } from './http.module.js';
export { answerMalformedRequests } from './malformed-request.js';
export { openApiDocument } from './openapi-document.js';
export { requestIdMiddleware } from './request-id.js';
