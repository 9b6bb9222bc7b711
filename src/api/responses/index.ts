export { INPUT_ITEMS, ResponseRequest, TOOL_CHOICES, TOOLS } from './dto/index.js';
export { RESPONSE_SCHEMAS } from './dto/response.schema.js';
export { ResponsesController } from './responses.controller.js';
export { ResponsesModule } from './responses.module.js';
export { StoredResponsesController } from './stored-responses.controller.js';
